/** How far chance moves the result: fans over the years, and how the NPV of the draws is spread. */
import { useLocation } from "preact-iso";
import { useAction } from "../../api/use";
import { Fan } from "../../charts/fan";
import { Histogram } from "../../charts/histogram";
import type { Result, Series } from "../../data/results";
import { type LiveRun, requestRun } from "../../data/runs";
import { quantity } from "../../format/numbers";
import { metricTitle } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";
import { Card, Facts, ProblemNote } from "../../ui/parts";
import { aligned, years } from "./series";

const STATISTICS = ".statistics";
const DRAWS = ".draws";
/** What a fan of several bands needs beside the percentiles that are always there. */
const FAN = "10,25,75,90";

/** Whether a series is of the draws themselves, and not of the system. */
export function ofDraws(metric: string): boolean {
  return metric.endsWith(STATISTICS) || metric.endsWith(DRAWS);
}

export function Uncertainty(props: { run: LiveRun; result: Result; series: readonly Series[] }) {
  const { result } = props;
  if (!result.draws) return null;
  return (
    <>
      <FanOver series={props.series} />
      <Spread {...props} />
    </>
  );
}

function FanOver(props: { series: readonly Series[] }) {
  const [query, change] = useQuery();
  const parts = props.series.filter((one) => one.metric.endsWith(STATISTICS) && Object.keys(one.tags).length === 1 && /^p[\d.]+$/.test(one.tags.statistic ?? "") && one.t.length > 1);
  const metrics = [...new Set(parts.map((one) => one.metric.slice(0, -STATISTICS.length)))];
  const metric = query.fan !== undefined && metrics.includes(query.fan) ? query.fan : metrics.includes("price") ? "price" : (metrics[0] ?? "");
  const shown = parts.filter((one) => one.metric === metric + STATISTICS);
  const [first] = shown;
  if (first === undefined) return null;
  const places = years(shown);
  return (
    <Fan
      title={`${metricTitle(metric)}: the draws`}
      unit={first.unit}
      places={places}
      percentiles={shown.map((one) => ({ percent: Number(one.tags.statistic?.slice(1)), values: aligned(one, places) }))}
      actions={<Choice label="Figure of the fan" hideLabel value={metric} onChange={(value) => change({ fan: value })} options={metrics.map((one) => [one, metricTitle(one)] as const)} />}
    />
  );
}

/** The distribution of what stands for all years: each draw where they were kept, else what the percentiles say. */
function Spread(props: { run: LiveRun; result: Result; series: readonly Series[] }) {
  const { run, result } = props;
  const { route } = useLocation();
  const action = useAction();
  const [query, change] = useQuery();
  const statistics = result.statistics ?? {};
  const metrics = Object.keys(statistics).sort();
  const metric = query.spread !== undefined && metrics.includes(query.spread) ? query.spread : (metrics[0] ?? "");
  const said = statistics[metric];
  if (said === undefined) return null;
  const draws = props.series.filter((one) => one.metric === metric + DRAWS).flatMap((one) => one.v.filter((value) => value !== null));
  const percentile = (percent: number) => said.percentiles.filter((one) => one.percent === percent).map((one) => ({ label: percent === 50 ? "Median" : `P${percent}`, value: one.value }));
  const choice = <Choice label="Figure of the distribution" hideLabel value={metric} onChange={(value) => change({ spread: value })} options={metrics.map((one) => [one, metricTitle(one)] as const)} />;
  if (draws.length > 0) {
    return <Histogram title={`${metricTitle(metric)}: how it is spread`} unit={said.unit} noun="draw" values={draws} marks={[5, 50, 95].flatMap(percentile)} actions={choice} />;
  }
  const again = (): void =>
    void action.run(async () => {
      const parameters = { ...run.parameters, keep_draws: metrics.join(), percentiles: FAN };
      route(to(`/runs/${await requestRun(run.scenario_id, { parameters, seed: run.seed })}`));
    });
  return (
    <Card title={`${metricTitle(metric)}: how it is spread`} actions={choice}>
      <div class="stack">
        <Facts
          of={[
            ...said.percentiles.map((one) => [one.percent === 50 ? "Median" : `P${one.percent}`, quantity(one.value, said.unit)] as const),
            ["Mean", `${quantity(said.mean, said.unit)}${said.standard_error ? ` ± ${quantity(said.standard_error, said.unit)}` : ""}`] as const,
          ]}
        />
        <p class="soft small">The run kept no single draws, so there is nothing to count.</p>
        <ProblemNote problem={action.problem} />
        {may("runs:create") && (
          <span>
            <button type="button" class="button small" disabled={action.busy} onClick={again}>
              Run it again and keep the draws
            </button>
          </span>
        )}
      </div>
    </Card>
  );
}
