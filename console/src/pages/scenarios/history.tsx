/** The versions of a scenario, and what differs between two of them. */
import { answer, api } from "../../api/client";
import { useAnswer } from "../../api/use";
import { Choice } from "../../ui/field";
import { Card, Moment, ProblemNote, Waiting } from "../../ui/parts";
import { Differences } from "../compare/differences";

export function History(props: {
  scenario: string;
  version: number;
  query: Record<string, string>;
  change: (changes: Record<string, string | undefined>) => void;
}) {
  const { scenario, version } = props;
  const to = Number(props.query.to ?? version);
  const from = Number(props.query.from ?? Math.max(1, to - 1));
  const versions = useAnswer(`versions ${scenario} ${version}`, async (signal) => {
    const call = api.GET("/v1/scenarios/{scenario_id}/versions", { params: { path: { scenario_id: scenario }, query: { limit: 100 } as never }, signal });
    return (await answer(call)).data;
  });
  const diff = useAnswer(from === to ? null : `diff ${scenario} ${from} ${to}`, async (signal) => {
    const query = { from_version: from, to_version: to } as never;
    return (await answer(api.GET("/v1/scenarios/{scenario_id}/diff", { params: { path: { scenario_id: scenario }, query }, signal }))).data;
  });
  const options = (versions.value ?? []).map((one) => [String(one.version), `Version ${one.version}`] as const);
  return (
    <div class="split">
      <Card title="What changed">
        <div class="stack">
          {version === 1 ? (
            <p class="soft">There is one version so far. A change makes the next, and runs keep the one they used.</p>
          ) : (
            <>
              <div class="tools">
                <Choice label="From" value={String(from)} options={options} onChange={(value) => props.change({ from: value })} />
                <Choice label="To" value={String(to)} options={options} onChange={(value) => props.change({ to: value })} />
              </div>
              <ProblemNote problem={diff.problem} />
              {from === to ? <p class="soft">The same version twice.</p> : diff.value && <Differences of={diff.value} />}
            </>
          )}
        </div>
      </Card>
      <Card title="Versions">
        <ProblemNote problem={versions.problem} />
        {versions.value === undefined && !versions.problem && <Waiting height={80} />}
        <ol class="stack">
          {versions.value?.map((one) => (
            <li key={one.version} class="stack" style={{ gap: "0" }}>
              <b>Version {one.version}</b>
              <span class="soft small">
                {one.changed_by}, <Moment value={one.valid_from} />
              </span>
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}
