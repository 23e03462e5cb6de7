/** A sweep: one figure over the values of one parameter, or of two. */
import { Heat } from "../../charts/heat";
import { Lines } from "../../charts/lines";
import type { Series } from "../../data/results";
import { metricTitle, words } from "../../format/words";
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";

const PREFIX = "sweep_";

/** The parameters that were swept. */
export function sweeps(series: readonly Series[]): string[] {
  return [...new Set(series.flatMap((one) => Object.keys(one.tags).filter((tag) => tag.startsWith(PREFIX))))].sort();
}

/** Each parameter that was swept with its values, in words. */
export function sweptValues(series: readonly Series[]): [string, string][] {
  return sweeps(series).map((tag) => [tag.slice(PREFIX.length), valuesOf(series, tag).join(", ")]);
}

function valuesOf(series: readonly Series[], tag: string): string[] {
  return [...new Set(series.map((one) => one.tags[tag] ?? ""))].sort((a, b) => Number(a) - Number(b) || a.localeCompare(b));
}

export function Sweep(props: { series: readonly Series[] }) {
  const [query, change] = useQuery();
  const tags = sweeps(props.series);
  // Only what has no other tag: a figure for each combination.
  const plain = props.series.filter((one) => Object.keys(one.tags).every((tag) => tag.startsWith(PREFIX)));
  const metrics = [...new Set(plain.map((one) => one.metric))];
  const metric = query.metric !== undefined && metrics.includes(query.metric) ? query.metric : metrics.includes("npv") ? "npv" : (metrics[0] ?? "");
  const across = query.across !== undefined && tags.includes(query.across) ? query.across : (tags[0] ?? "");
  const down = tags.find((tag) => tag !== across && (query.down === undefined || query.down === tag)) ?? tags.find((tag) => tag !== across);
  const chosen = plain.filter((one) => one.metric === metric);
  const years = [...new Set(chosen.flatMap((one) => one.t))].sort().map((day) => day.slice(0, 4));
  const year = query.year !== undefined && years.includes(query.year) ? query.year : (years.at(-1) ?? "");
  const others = tags.filter((tag) => tag !== across && tag !== down);
  const fixed = Object.fromEntries(others.map((tag) => [tag, query[tag] ?? valuesOf(chosen, tag)[0] ?? ""]));
  const at = (x: string, y?: string): number | null => {
    const series = chosen.find((one) => one.tags[across] === x && (down === undefined || one.tags[down] === y) && others.every((tag) => one.tags[tag] === fixed[tag]));
    return series?.v[series.t.findIndex((day) => day.startsWith(year))] ?? null;
  };
  const name = (tag: string): string => words(tag.slice(PREFIX.length));
  const title = years.length > 1 ? `${metricTitle(metric)} in ${year}` : metricTitle(metric);
  const unit = chosen[0]?.unit ?? "";
  return (
    <>
      <div class="tools">
        <Choice label="Figure" value={metric} onChange={(value) => change({ metric: value })} options={metrics.map((one) => [one, metricTitle(one)] as const)} />
        {years.length > 1 && <Choice label="Year" value={year} onChange={(value) => change({ year: value })} options={years.map((one) => [one, one] as const)} />}
        {tags.length > 1 && <Choice label="Across" value={across} onChange={(value) => change({ across: value })} options={tags.map((tag) => [tag, name(tag)] as const)} />}
        {others.map((tag) => (
          <Choice key={tag} label={name(tag)} value={fixed[tag] ?? ""} onChange={(value) => change({ [tag]: value })} options={valuesOf(chosen, tag).map((one) => [one, one] as const)} />
        ))}
      </div>
      {down === undefined ? (
        <Lines title={title} unit={unit} axis={name(across)} places={valuesOf(chosen, across)} lines={[{ label: metricTitle(metric), values: valuesOf(chosen, across).map((x) => at(x)) }]} height={320} />
      ) : (
        <div class="grid">
          <Heat title={title} unit={unit} across={{ name: name(across), values: valuesOf(chosen, across) }} down={{ name: name(down), values: valuesOf(chosen, down) }} at={at} />
          <Lines
            title={`${title}, by ${name(down).toLowerCase()}`}
            unit={unit}
            axis={name(across)}
            places={valuesOf(chosen, across)}
            lines={valuesOf(chosen, down)
              .slice(0, 8)
              .map((y) => ({ label: `${name(down)} ${y}`, values: valuesOf(chosen, across).map((x) => at(x, y)) }))}
            height={280}
          />
        </div>
      )}
    </>
  );
}
