/** The newest results with their headline figures. */
import { useState } from "preact/hooks";
import { useAnswer } from "../../api/use";
import type { Run } from "../../data/runs";
import { latestMetrics, type Metric } from "../../data/scenarios";
import { quantity } from "../../format/numbers";
import { to } from "../../ui/address";
import { Card, Empty, Moment } from "../../ui/parts";

const HEADLINES = [
  ["npv", "NPV"],
  ["price", "Price, last year"],
  ["renewable_share", "Renewables, last year"],
  ["emissions", "Emissions, last year"],
] as const;

export function Newest(props: { runs: readonly Run[]; empty: boolean }) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const toggle = (id: string): void => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  const [baseline, ...others] = [...chosen].sort((a, b) => Date.parse(started(props.runs, a)) - Date.parse(started(props.runs, b)));
  if (props.runs.length === 0) {
    return props.empty ? null : (
      <Card title="Newest results" flush>
        <Empty title="No results yet">
          <p>Choose a scenario and run it: its result will stand here.</p>
          <a class="button" href={to("/scenarios")}>
            To the scenarios
          </a>
        </Empty>
      </Card>
    );
  }
  return (
    <Card
      title="Newest results"
      flush
      actions={
        others.length > 0 ? (
          <a class="button small first" href={to("/compare", { baseline, runs: others.join(",") })}>
            Compare {chosen.length}
          </a>
        ) : (
          <span class="quiet small">Tick two to compare them</span>
        )
      }
    >
      <div class="scroll" style={{ marginTop: "8px" }}>
        <table>
          <thead>
            <tr>
              <th>
                <span class="hidden-text">Compare</span>
              </th>
              <th>Scenario</th>
              {HEADLINES.map(([metric, title]) => (
                <th class="end" key={metric}>
                  {title}
                </th>
              ))}
              <th class="end">Computed</th>
            </tr>
          </thead>
          <tbody>
            {props.runs.map((run) => (
              <Line run={run} key={run.id} chosen={chosen.includes(run.id)} toggle={() => toggle(run.id)} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Line(props: { run: Run; chosen: boolean; toggle: () => void }) {
  const { run } = props;
  const metrics = useAnswer(`metrics ${run.id}`, (signal) => latestMetrics(run.scenario_id, signal, run.id));
  return (
    <tr>
      <td style={{ width: "44px" }}>
        <input type="checkbox" checked={props.chosen} onChange={props.toggle} aria-label={`Compare ${run.scenario_name}`} />
      </td>
      <td>
        <a href={to(`/runs/${run.id}`)}>
          <b>{run.scenario_name}</b>
        </a>
      </td>
      {HEADLINES.map(([metric]) => (
        <td class="end" key={metric}>
          {headline(metrics.value, metric)}
        </td>
      ))}
      <td class="end">
        <Moment value={run.completed_at} />
      </td>
    </tr>
  );
}

function headline(metrics: readonly Metric[] | undefined, name: string): string {
  if (metrics === undefined) return "";
  const metric = metrics.find((one) => one.metric === name && Object.keys(one.tags).length === 0);
  return metric ? quantity(metric.value, metric.unit) : "–";
}

function started(runs: readonly Run[], id: string): string {
  return runs.find((run) => run.id === id)?.created_at ?? "";
}
