/** The newest results of different scenarios as pictures, one line each. */
import { Lines } from "../../charts/lines";
import { useAnswer } from "../../api/use";
import { readSide } from "../../data/results";
import type { Run } from "../../data/runs";
import { metricTitle } from "../../format/words";
import { Waiting } from "../../ui/parts";

const SHOWN = ["price", "emissions"];
const MOST = 4;

export function Pictures(props: { runs: readonly Run[] }) {
  const runs = props.runs.filter((run, place) => props.runs.findIndex((other) => other.scenario_id === run.scenario_id) === place).slice(0, MOST);
  const key = runs.map((run) => run.id).join();
  const all = useAnswer(`pictures ${key}`, (signal) => readSide(runs, SHOWN, signal));
  if (all.value === undefined) return all.problem ? null : <Waiting what="the pictures" height={320} />;
  return (
    <div class="grid">
      {all.value.map((series) => (
        <Lines
          key={series.metric}
          title={metricTitle(series.metric)}
          unit={series.unit}
          places={series.t.map((day) => day.slice(0, 4))}
          lines={series.runs.map((values, place) => ({ label: runs[place]?.scenario_name ?? "", values }))}
        />
      ))}
    </div>
  );
}
