/** The values of a year side by side, sorted as one likes. */
import { useEffect, useState } from "preact/hooks";
import { inScale, percent, scaleOf } from "../../format/numbers";
import { metricTitle, tagWords } from "../../format/words";
import { Choice } from "../../ui/field";
import { Card } from "../../ui/parts";
import type { Series } from "./shown";

/** So many rows are drawn with the pictures; the others follow once these are seen. */
const FIRST = 12;

export function Table(props: {
  series: readonly Series[];
  names: readonly string[];
  query: Record<string, string>;
  change: (changes: Record<string, string | undefined>) => void;
}) {
  const { names, query, change } = props;
  const [all, setAll] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setAll(true), 0);
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  const several = props.series.some((one) => one.t.length > 1);
  const years = [...new Set(props.series.flatMap((one) => one.t.map((day) => day.slice(0, 4))))].sort();
  const year = query.year !== undefined && years.includes(query.year) ? query.year : (years.at(-1) ?? "");
  const split = query.split === "yes";
  const sort = query.sort ?? "";
  const rows = props.series
    .filter((one) => split || Object.keys(one.tags).length === 0)
    .flatMap((one) => {
      // A metric that has one value for all years stands in each.
      const once = several && one.t.length === 1;
      const place = once ? 0 : one.t.findIndex((day) => day.startsWith(year));
      return place < 0 ? [] : [{ one, once, place }];
    });
  const by = (run: number) => (a: Row, b: Row) => Math.abs(b.one.runs[run]?.relative[b.place] ?? 0) - Math.abs(a.one.runs[run]?.relative[a.place] ?? 0);
  const sorted = sort === "" ? rows.toSorted((a, b) => Number(b.once) - Number(a.once)) : rows.toSorted(by(Number(sort)));
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
            {(all ? sorted : sorted.slice(0, FIRST)).map((row) => (
              <Line key={row.one.metric + JSON.stringify(row.one.tags)} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

/** A series in one year. */
interface Row {
  one: Series;
  once: boolean;
  place: number;
}

function Line(props: { row: Row }) {
  const { one, place } = props.row;
  const baseline = one.baseline.v[place] ?? null;
  const largest = one.runs.reduce((most, run) => Math.max(most, Math.abs(run.v[place] ?? 0)), Math.abs(baseline ?? 0));
  const scale = scaleOf(one.unit, largest);
  return (
    <tr>
      <th scope="row">
        {metricTitle(one.metric)}
        {Object.keys(one.tags).length > 0 && `, ${tagWords(one.tags)}`} <span class="quiet">{scale.unit === "1" ? "" : scale.unit}</span>
      </th>
      <td class="end">{inScale(baseline, scale, { like: largest })}</td>
      {one.runs.map((run) => {
        const relative = run.relative[place] ?? null;
        return (
          <>
            <td class="end" key={run.run_id}>
              {inScale(run.v[place], scale, { like: largest })}
            </td>
            <td class="end" key={`${run.run_id} Δ`}>
              {inScale(run.delta[place], scale, { signed: true, like: largest })}
              {relative !== null && relative !== 0 && one.unit !== "1" && <span class="quiet"> {percent(relative, true)}</span>}
            </td>
          </>
        );
      })}
    </tr>
  );
}
