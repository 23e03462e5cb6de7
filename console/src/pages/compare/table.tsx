/** The values of a year side by side, sorted as one likes. */
import { inScale, percent, scaleOf } from "../../format/numbers";
import { metricTitle, tagWords } from "../../format/words";
import { Choice } from "../../ui/field";
import { Card } from "../../ui/parts";
import type { Row } from "./compare";

export function Table(props: {
  rows: readonly Row[];
  names: readonly string[];
  query: Record<string, string>;
  change: (changes: Record<string, string | undefined>) => void;
}) {
  const { names, query, change } = props;
  const years = [...new Set(props.rows.map((row) => row.asof_date.slice(0, 4)))].sort();
  const year = query.year !== undefined && years.includes(query.year) ? query.year : (years.at(-1) ?? "");
  const once = new Set(metricsOnce(props.rows));
  const split = query.split === "yes";
  const sort = query.sort ?? "";
  const rows = props.rows.filter((row) => (once.has(row.metric) || row.asof_date.startsWith(year)) && (split || Object.keys(row.tags).length === 0));
  const by = (place: number) => (a: Row, b: Row) => Math.abs(b.runs[place]?.relative ?? 0) - Math.abs(a.runs[place]?.relative ?? 0);
  const sorted = sort === "" ? [...rows].sort((a, b) => Number(once.has(b.metric)) - Number(once.has(a.metric))) : [...rows].sort(by(Number(sort)));
  return (
    <Card
      title="Figures"
      flush
      actions={
        <>
          <Choice label="Year" hideLabel value={year} onChange={(value) => change({ year: value })} options={years.map((one) => [one, one] as const)} />
        </>
      }
    >
      <div class="tools small" style={{ padding: "8px 18px 4px" }}>
        <button type="button" class="tag" aria-pressed={split} onClick={() => change({ split: split ? undefined : "yes" })}>
          By technology too
        </button>
      </div>
      <div class="scroll" tabIndex={0} role="group" aria-label="Figures">
        <table>
          <thead>
            <tr>
              <th scope="col">
                <button type="button" onClick={() => change({ sort: undefined })}>
                  Metric
                </button>
              </th>
              <th scope="col" class="end">
                {names[0]}
              </th>
              {names.slice(1).map((name, place) => (
                <>
                  <th scope="col" class="end" key={name}>
                    {name}
                  </th>
                  <th scope="col" class="end" key={`${name} Δ`} aria-sort={sort === String(place) ? "descending" : undefined}>
                    <button type="button" onClick={() => change({ sort: String(place) })}>
                      Difference{sort === String(place) ? " ↓" : ""}
                    </button>
                  </th>
                </>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row) => (
              <Line key={row.metric + JSON.stringify(row.tags)} row={row} all={once.has(row.metric)} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Line(props: { row: Row; all: boolean }) {
  const { row } = props;
  const largest = Math.max(Math.abs(row.baseline ?? 0), ...row.runs.map((run) => Math.abs(run.value ?? 0)));
  const scale = scaleOf(row.unit, largest);
  return (
    <tr>
      <th scope="row">
        {metricTitle(row.metric)}
        {Object.keys(row.tags).length > 0 && `, ${tagWords(row.tags)}`} <span class="quiet">{scale.unit === "1" ? "" : scale.unit}</span>
      </th>
      <td class="end">{inScale(row.baseline, scale, { like: largest })}</td>
      {row.runs.map((run) => (
        <>
          <td class="end" key={run.run_id}>
            {inScale(run.value, scale, { like: largest })}
          </td>
          <td class="end" key={`${run.run_id} Δ`}>
            {inScale(run.delta, scale, { signed: true, like: largest })}
            {run.relative !== null && run.relative !== 0 && row.unit !== "1" && <span class="quiet"> {percent(run.relative, true)}</span>}
          </td>
        </>
      ))}
    </tr>
  );
}

/** Metrics that have one value for all years. */
function metricsOnce(rows: readonly Row[]): string[] {
  const days = new Map<string, Set<string>>();
  for (const row of rows) days.set(row.metric, (days.get(row.metric) ?? new Set()).add(row.asof_date));
  const most = Math.max(...[...days.values()].map((set) => set.size), 1);
  return most === 1 ? [] : [...days].filter(([, set]) => set.size === 1).map(([metric]) => metric);
}
