/** A report as it was frozen. */
import { seriesColour } from "../../charts/colours";
import type { Schema } from "../../api/client";
import { Card, Id, Moment } from "../../ui/parts";
import { Shown, unique } from "../compare/shown";

export type Document = Schema<"ReportDocument">;

export function Frozen(props: { document: Document; query: Record<string, string>; change: (changes: Record<string, string | undefined>) => void }) {
  const { comparison, notes } = props.document;
  const runs = [comparison.baseline, ...comparison.runs];
  const names = unique(runs.map((run) => run.scenario_name));
  return (
    <>
      {notes && <p class="notes">{notes}</p>}
      <Card title="Runs">
        <ul class="stack close">
          {runs.map((run, place) => (
            <li key={run.run_id} class="line">
              <i class="swatch" style={{ background: seriesColour(place) }} />
              <b>{names[place]}</b>
              <span class="quiet small">
                version {run.scenario_version}
                {run.seed ? `, seed ${run.seed}` : ""}, {run.model ?? "model"} {run.model_version}, computed <Moment value={run.completed_at} exact />, run{" "}
                <Id value={run.run_id} />
              </span>
              {place === 0 && <span class="tag">baseline</span>}
            </li>
          ))}
        </ul>
      </Card>
      <Shown comparison={comparison} query={props.query} change={props.change} />
    </>
  );
}
