/** The result to take along: as files, and as what a program would ask. */
import { useAction } from "../../api/use";
import { fileName } from "../../charts/picture";
import { download } from "../../data/results";
import type { LiveRun } from "../../data/runs";
import { Copy } from "../../ui/copy";
import { Card, ProblemNote } from "../../ui/parts";

export function Take(props: { run: LiveRun; name: string }) {
  const { run } = props;
  const action = useAction();
  const path = (format: string): string => `/v1/scenarios/${run.scenario_id}/outputs?runs=${run.id}&format=${format}`;
  const file = (format: string): void => void action.run(() => download(path(format), `${fileName(props.name)}-${run.id.slice(-6)}.${format}`));
  const address = `${location.origin}/v1/scenarios/${run.scenario_id}/outputs?runs=${run.id}`;
  return (
    <Card
      title="Take it along"
      actions={
        <>
          <button type="button" class="button small" disabled={action.busy} onClick={() => file("csv")}>
            CSV
          </button>
          <button type="button" class="button small" disabled={action.busy} onClick={() => file("parquet")}>
            Parquet
          </button>
          <Copy label="Copy as curl" text={`curl -s '${address}&format=csv' -H "Authorization: Bearer $TOKEN"`} />
          <Copy
            label="Copy as Python"
            text={`import httpx, os\n\nanswer = httpx.get(\n    "${location.origin}/v1/scenarios/${run.scenario_id}/outputs",\n    params={"runs": "${run.id}", "shape": "series"},\n    headers={"Authorization": f"Bearer {os.environ['SEXTANT_TOKEN']}"},\n)\nseries = answer.raise_for_status().json()["data"]\n`}
          />
        </>
      }
    >
      <ProblemNote problem={action.problem} />
      <p class="soft small">The files are the API's own rows of this run; the same question a year later gets the same answer.</p>
    </Card>
  );
}
