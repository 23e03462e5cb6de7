/** What a run computed: the picture first, then the figures, then what the model says of them. */
import { Lines } from "../../charts/lines";
import { byTechnology, technologyColour } from "../../charts/colours";
import { Stacks } from "../../charts/stacks";
import { Waterfall } from "../../charts/waterfall";
import { useAnswer } from "../../api/use";
import { readResult, readSeries, type Result, type Series } from "../../data/results";
import type { LiveRun } from "../../data/runs";
import { readVersion } from "../../data/versions";
import { inScale, scaleOf } from "../../format/numbers";
import { assumptionLine, driverTitle, metricTitle, tagWords, words } from "../../format/words";
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";
import { Card, ProblemNote, Waiting } from "../../ui/parts";
import { About } from "./about";
import { Duration } from "./duration";
import { Hours, hourlyMetrics } from "./hours";
import { aligned, plain, within, years } from "./series";
import { Sweep, sweeps, sweptValues } from "./sweep";
import { Take } from "./take";
import { ofDraws, Uncertainty } from "./uncertainty";
import { YearSpan } from "./year-span";

/** What is drawn without being asked for; more is a choice away. */
const DRAWN = ["price", "renewable_share", "emissions", "system_cost"];

export function ResultView(props: { run: LiveRun; name: string }) {
  const { run } = props;
  const series = useAnswer(`series ${run.id}`, (signal) => readSeries(run.scenario_id, run.id, signal));
  const result = useAnswer(`result ${run.id}`, (signal) => readResult(run.id, signal));
  const all = series.value;
  return (
    <>
      <ProblemNote problem={series.problem ?? result.problem} retry={series.reload} />
      {all === undefined ? (
        !series.problem && <Waiting what="the result" height={600} />
      ) : (
        <>
          {sweeps(all).length > 0 ? <Sweep series={all} /> : <Pictures series={all} run={run} result={result.value} />}
          <Take run={run} name={props.name} />
        </>
      )}
      {result.value && <About result={result.value} swept={sweptValues(all ?? [])} />}
    </>
  );
}

function Pictures(props: { series: readonly Series[]; run: LiveRun; result: Result | undefined }) {
  const { run, result } = props;
  const [query] = useQuery();
  const all = props.series.filter((one) => !ofDraws(one.metric));
  const series = within(all, query.years);
  return (
    <>
      <Headline series={all} />
      <YearSpan years={years(all)} />
      <div class="grid">
        <Stack metric="generation" title="Generation" series={series} />
        <Yearly metric="price" also={["time_weighted_price"]} series={series} />
        {result && <Uncertainty run={run} result={result} series={within(props.series, query.years)} />}
        {result?.attribution && <Attribution result={result} run={run} />}
        {DRAWN.slice(1).map((metric) => (
          <Yearly key={metric} metric={metric} series={series} />
        ))}
        <Stack metric="capacity" title="Capacity" series={series} />
        <Duration series={series} />
        <Other series={series} />
      </div>
      {result && hourlyMetrics(result).length > 0 && <Hours run={run} result={result} years={years(all)} />}
    </>
  );
}

/** The figures that are asked for first. */
function Headline(props: { series: readonly Series[] }) {
  const figures: { title: string; value: string; unit: string; of: string }[] = [];
  const add = (metric: string, title: string, of: (years: string) => string): void => {
    const one = plain(props.series, metric);
    const value = one?.v.at(-1);
    if (!one || value === undefined) return;
    const scale = scaleOf(one.unit, value ?? 0);
    figures.push({ title, value: inScale(value, scale), unit: scale.unit, of: of(one.t.at(-1)?.slice(0, 4) ?? "") });
  };
  const all = (): string => "all years";
  const last = (year: string): string => `in ${year}`;
  add("npv", "NPV of the fleet", all);
  add("system_cost_npv", "System cost, present value", all);
  add("price", "Price", last);
  add("renewable_share", "Renewable share", last);
  add("emissions", "Emissions", last);
  add("unserved_energy", "Unserved energy", last);
  return (
    <dl class="figures card">
      {figures.map((figure) => (
        <div key={figure.title}>
          <dt>{figure.title}</dt>
          <dd>
            {figure.value}
            <small>{figure.unit}</small>
          </dd>
          <dd class="of">{figure.of}</dd>
        </div>
      ))}
    </dl>
  );
}

function Yearly(props: { metric: string; also?: readonly string[]; series: readonly Series[] }) {
  const drawn = [props.metric, ...(props.also ?? [])].map((metric) => plain(props.series, metric)).filter((one) => one !== undefined);
  const [first] = drawn;
  if (first === undefined || first.t.length < 2) return null;
  const places = years(drawn);
  return (
    <Lines
      title={drawn.length > 1 ? words(props.metric) : metricTitle(props.metric)}
      unit={first.unit}
      places={places}
      lines={drawn.map((one) => ({
        label: drawn.length > 1 ? metricTitle(one.metric).replace(/^[^,]*, /, "").replace(/^./, (letter) => letter.toUpperCase()) : metricTitle(one.metric),
        values: aligned(one, places),
        low: one.lo ? aligned(one, places, one.lo) : undefined,
        high: one.hi ? aligned(one, places, one.hi) : undefined,
      }))}
    />
  );
}

function Stack(props: { metric: string; title: string; series: readonly Series[] }) {
  const parts = props.series
    .filter((one) => one.metric === props.metric && one.tags.technology !== undefined && Object.keys(one.tags).length === 1)
    .sort((a, b) => byTechnology(a.tags.technology ?? "", b.tags.technology ?? ""));
  const [first] = parts;
  if (first === undefined) return null;
  const places = years(parts);
  return (
    <Stacks
      title={props.title}
      unit={first.unit}
      places={places}
      layers={parts.map((one, place) => ({
        label: words(one.tags.technology ?? ""),
        colour: technologyColour(one.tags.technology ?? "", place),
        values: aligned(one, places).map((value) => value ?? 0),
      }))}
    />
  );
}

/** How the change in NPV divides among the assumptions. */
function Attribution(props: { result: Result; run: LiveRun }) {
  const { run, result } = props;
  const version = useAnswer(`version ${run.scenario_id} ${run.scenario_version}`, (signal) => readVersion(run.scenario_id, run.scenario_version, signal));
  const { attribution } = result;
  if (attribution === null || attribution.shares.length === 0) return null;
  const assumptions = (version.value?.assumptions ?? []);
  const name = (label: string, type: string): string => {
    const place = /^assumptions\[(\d+)\]$/.exec(label)?.[1];
    const assumption = place === undefined ? undefined : assumptions[Number(place)];
    if (assumption) return assumptionLine(assumption);
    return label === "parameters.shock_bp" ? `Fuel prices shifted by ${JSON.stringify(run.parameters.shock_bp)} bp` : label.startsWith("assumptions") ? driverTitle(type) : words(label);
  };
  return (
    <Waterfall
      title={`Why the ${words(attribution.metric).replace("Npv", "NPV")} changes`}
      unit={result.currency ?? "EUR"}
      from={{ label: "Untouched system", value: attribution.reference }}
      to={{ label: "This run", value: attribution.result }}
      steps={attribution.shares.map((share) => ({ label: name(share.label, share.driver_type), change: share.eur }))}
    />
  );
}

/** Any other series, chosen in the address. */
function Other(props: { series: readonly Series[] }) {
  const [query, change] = useQuery();
  const metrics = [...new Set(props.series.filter((one) => one.t.length > 1).map((one) => one.metric))].filter((metric) => !["generation", "capacity", "price_duration", ...DRAWN].includes(metric));
  const metric = query.metric !== undefined && metrics.includes(query.metric) ? query.metric : undefined;
  const drawn = props.series.filter((one) => one.metric === metric).slice(0, 14);
  const places = years(drawn);
  return (
    <div class="stack">
      <Card title="More series">
        <Choice
          label="Series"
          value={metric ?? ""}
          onChange={(value) => change({ metric: value || undefined })}
          options={[["", "Choose …"], ...metrics.map((name) => [name, metricTitle(name)] as const)]}
        />
      </Card>
      {drawn[0] && (
        <Lines
          title={metricTitle(metric ?? "")}
          unit={drawn[0].unit}
          places={places}
          lines={drawn.map((one, place) => ({
            label: Object.keys(one.tags).length > 0 ? tagWords(one.tags) : metricTitle(one.metric),
            values: aligned(one, places),
            low: one.lo ? aligned(one, places, one.lo) : undefined,
            high: one.hi ? aligned(one, places, one.hi) : undefined,
            ...(one.tags.technology && { colour: technologyColour(one.tags.technology, place) }),
          }))}
        />
      )}
    </div>
  );
}
