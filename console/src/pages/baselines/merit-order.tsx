/** Which units of a system are called first in a year, and how far its load reaches. */
import { answer, api } from "../../api/client";
import { useAnswer } from "../../api/use";
import { Supply } from "../../charts/supply";
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";
import { ProblemNote, Waiting } from "../../ui/parts";

export function MeritOrder(props: { id: string; years: readonly [number, number] }) {
  const [query, change] = useQuery();
  const [first, last] = props.years;
  const years = Array.from({ length: last - first + 1 }, (_, place) => String(first + place));
  const year = query.year !== undefined && years.includes(query.year) ? query.year : String(first);
  const read = useAnswer(`merit order ${props.id} ${year}`, async (signal) => {
    const params = { path: { baseline_id: props.id }, query: { year: Number(year) } };
    return (await answer(api.GET("/v1/baselines/{baseline_id}/merit-order", { params, signal }))).data;
  });
  const order = read.value;
  if (order === undefined) return read.problem ? <ProblemNote problem={read.problem} retry={read.reload} /> : <Waiting what="the merit order" height={430} />;
  return (
    <Supply
      title="Merit order"
      currency={order.currency}
      offers={order.offers}
      loads={[
        { label: "lowest load", value: order.lowest_load_mw },
        { label: "mean", value: order.mean_load_mw },
        { label: "highest", value: order.highest_load_mw },
      ]}
      actions={<Choice label="Year of the merit order" hideLabel value={year} onChange={(value) => change({ year: value })} options={years.map((one) => [one, one] as const)} />}
    />
  );
}
