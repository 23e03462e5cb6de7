/** The newest results of different scenarios as pictures, one line each. */
import { Lines } from "../../charts/lines";
import { useAnswer } from "../../api/use";
import { readSeries, type Series } from "../../data/results";
import type { Run } from "../../data/runs";
import { metricTitle } from "../../format/words";
import { Waiting } from "../../ui/parts";

const SHOWN = ["price", "emissions"];
const MOST = 4;

export function Pictures(props: { runs: readonly Run[] }) {
  const runs = props.runs.filter((run, place) => props.runs.findIndex((other) => other.scenario_id === run.scenario_id) === place).slice(0, MOST);
  const key = runs.map((run) => run.id).join();
  const all = useAnswer(`pictures ${key}`, (signal) => Promise.all(runs.map((run) => readSeries(run.scenario_id, run.id, signal))));
  if (all.value === undefined) return all.problem ? null : <Waiting what="the pictures" height={320} />;
  const series = all.value;
  return (
    <div class="grid">
      {SHOWN.map((metric) => {
        const drawn = series.map((of) => of.find((one) => one.metric === metric && Object.keys(one.tags).length === 0));
        const places = [...new Set(drawn.flatMap((one) => one?.t ?? []))].sort().map((day) => day.slice(0, 4));
        return (
          <Lines
            key={metric}
            title={metricTitle(metric)}
            unit={drawn.find((one) => one)?.unit ?? ""}
            places={places}
            lines={drawn.map((one, place) => ({ label: runs[place]?.scenario_name ?? "", values: valuesAt(one, places) }))}
          />
        );
      })}
    </div>
  );
}

function valuesAt(series: Series | undefined, places: readonly string[]): (number | null)[] {
  const at = new Map((series?.t ?? []).map((day, index) => [day.slice(0, 4), series?.v[index] ?? null]));
  return places.map((place) => at.get(place) ?? null);
}
