/** The price duration curve: which price was reached in how much of a year. */
import { Lines } from "../../charts/lines";
import { below } from "../../charts/scale";
import type { Series } from "../../data/results";
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";

const SHARE = "exceedance_percent";

export function Duration(props: { series: readonly Series[] }) {
  const [query, change] = useQuery();
  const parts = props.series
    .filter((one) => one.metric === "price_duration" && one.tags[SHARE] !== undefined)
    .sort((a, b) => Number(a.tags[SHARE]) - Number(b.tags[SHARE]));
  const [first] = parts;
  if (first === undefined) return null;
  const years = first.t.map((day) => day.slice(0, 4));
  const begin = years[0] ?? "";
  const end = years.at(-1) ?? "";
  const year = query.duration !== undefined && years.includes(query.duration) ? query.duration : end;
  const line = (label: string) => ({ label, values: parts.map((one) => one.v[one.t.findIndex((day) => day.startsWith(label))] ?? null) });
  const lines = begin === year ? [line(year)] : [line(begin), line(year)];
  return (
    <Lines
      title="Price duration"
      unit={first.unit}
      places={parts.map((one) => `${one.tags[SHARE] ?? ""} %`)}
      axis="Share of hours"
      lines={lines}
      cut={below(lines.flatMap((one) => one.values))}
      actions={<Choice label="Year of the curve" hideLabel value={year} onChange={(value) => change({ duration: value })} options={years.map((one) => [one, one] as const)} />}
    />
  );
}
