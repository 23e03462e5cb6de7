/** Which years are drawn: the address says it as `years=2030-2035`. */
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";

export function YearSpan(props: { years: readonly string[] }) {
  const [query, change] = useQuery();
  const { years } = props;
  const [begin = "", end = ""] = [years[0], years.at(-1)];
  const [first = begin, last = end] = (query.years ?? "").split("-").map((year) => (years.includes(year) ? year : undefined));
  const see = (from: string, until: string): void => change({ years: from === begin && until === end ? undefined : `${from}-${until < from ? from : until}` });
  const options = years.map((year) => [year, year] as const);
  return years.length < 3 ? null : (
    <div class="tools">
      <Choice label="From year" value={first} onChange={(year) => see(year, last)} options={options} />
      <Choice label="To year" value={last} onChange={(year) => see(first, year)} options={options} />
    </div>
  );
}
