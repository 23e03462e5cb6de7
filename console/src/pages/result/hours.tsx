/** The result by the hour, of runs that asked for it: a year of a metric, and the hours of it that the address names. */
import { useAction, useAnswer } from "../../api/use";
import { byTechnology, seriesColour, technologyColour } from "../../charts/colours";
import { Hourly } from "../../charts/hourly";
import { fileName } from "../../charts/picture";
import { download, hoursAddress, type Result, readHours, type Series } from "../../data/results";
import type { LiveRun } from "../../data/runs";
import { hourNames } from "../../format/hours";
import { metricTitle, words } from "../../format/words";
import { useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";
import { Card, ProblemNote, Waiting } from "../../ui/parts";
import { moved, type Span, zoomed } from "./zoom";

/** Hours that a year is shown at first: a week, in which one sees days. */
const WEEK = 168;

interface Told {
  case?: string;
  metrics?: string[];
}

/** Which hourly metrics a result has. */
export function hourlyMetrics(result: Result): readonly string[] {
  return (result.metadata.hourly as Told | undefined)?.metrics ?? [];
}

export function Hours(props: { run: LiveRun; result: Result; years: readonly string[] }) {
  const { run, result, years } = props;
  const [query, change] = useQuery();
  const action = useAction();
  const metrics = hourlyMetrics(result);
  const metric = query.hourly !== undefined && metrics.includes(query.hourly) ? query.hourly : (metrics[0] ?? "");
  const year = query.of !== undefined && years.includes(query.of) ? query.of : (years[0] ?? "");
  const read = useAnswer(`hours ${run.id} ${metric} ${year}`, (signal) => readHours(run.scenario_id, run.id, metric, year, signal));
  const random = (result.metadata.hourly as Told | undefined)?.case === "central";
  return (
    <section class="stack" aria-label="By the hour">
      <Card
        title="By the hour"
        actions={
          <button
            type="button"
            class="button small"
            disabled={action.busy}
            onClick={() => void action.run(() => download(`${hoursAddress(run.scenario_id, run.id, metric, year)}&format=csv`, `${fileName(`${metric} ${year}`)}.csv`))}
          >
            CSV of the year
          </button>
        }
      >
        <div class="stack">
          <div class="tools">
            <Choice label="Hourly figure" value={metric} onChange={(value) => change({ hourly: value })} options={metrics.map((one) => [one, hourlyTitle(one)] as const)} />
            <Choice label="Year of the hours" value={year} onChange={(value) => change({ of: value })} options={years.map((one) => [one, one] as const)} />
          </div>
          {random && <p class="soft small">Of the central case: every random driver at its mean.</p>}
          <ProblemNote problem={read.problem ?? action.problem} retry={read.reload} />
        </div>
      </Card>
      {read.value === undefined ? !read.problem && <Waiting what="the hours" height={420} /> : <Year metric={metric} year={year} series={read.value} />}
    </section>
  );
}

function hourlyTitle(metric: string): string {
  return metric === "price" ? "Price" : metricTitle(metric);
}

/** A year's hours, as far as they are in sight. */
function Year(props: { metric: string; year: string; series: readonly Series[] }) {
  const [query, change] = useQuery();
  const { metric, year } = props;
  const technologies = [...new Set(props.series.map((one) => one.tags.technology ?? ""))].sort(byTechnology);
  const technology = query.technology !== undefined && technologies.includes(query.technology) ? query.technology : (technologies[0] ?? "");
  const byUnit = props.series.some((one) => one.tags.unit !== undefined);
  const series = props.series.filter((one) => !byUnit || one.tags.technology === technology).sort((a, b) => byTechnology(a.tags.technology ?? "", b.tags.technology ?? ""));
  const [first] = series;
  if (first === undefined) return <Card>{`Nothing of ${hourlyTitle(metric).toLowerCase()} stands in ${year}.`}</Card>;
  const names = hourNames(first.t);
  const span = spanOf(query, names.length);
  const see = (next: Span): void => change({ from: String(next.first + 1), until: String(next.last + 1) });
  const whole = { first: 0, last: names.length - 1 };
  return (
    <Hourly
      title={`${hourlyTitle(metric)}${byUnit ? `, ${words(technology)}` : ""}, ${year}`}
      unit={first.unit}
      hours={names.slice(span.first, span.last + 1)}
      stacked={metric === "generation" || metric === "unit_generation"}
      tracks={series.map((one, place) => ({
        label: byUnit ? (one.tags.unit ?? "") : one.tags.technology === undefined ? hourlyTitle(metric) : words(one.tags.technology),
        colour: byUnit || one.tags.technology === undefined ? seriesColour(place) : technologyColour(one.tags.technology, place),
        values: one.v.slice(span.first, span.last + 1),
      }))}
      select={(from, until) => see({ first: span.first + from, last: span.first + until })}
      actions={
        <>
          {byUnit && <Choice label="Technology" hideLabel value={technology} onChange={(value) => change({ technology: value })} options={technologies.map((one) => [one, words(one)] as const)} />}
          <Zoom label="Earlier" to={moved(span, -1, names.length)} now={span} see={see} />
          <Zoom label="Later" to={moved(span, 1, names.length)} now={span} see={see} />
          <Zoom label="Zoom in" to={zoomed(span, 0.5, names.length)} now={span} see={see} />
          <Zoom label="Zoom out" to={zoomed(span, 2, names.length)} now={span} see={see} />
          <Zoom label="All hours" to={whole} now={span} see={see} />
        </>
      }
    />
  );
}

function Zoom(props: { label: string; to: Span; now: Span; see: (span: Span) => void }) {
  const { to, now } = props;
  return (
    <button type="button" class="button plain small" disabled={to.first === now.first && to.last === now.last} onClick={() => props.see(to)}>
      {props.label}
    </button>
  );
}

function spanOf(query: Record<string, string>, count: number): Span {
  const [from, until] = [Number(query.from), Number(query.until)];
  if (Number.isInteger(from) && Number.isInteger(until) && from >= 1 && from < until && until <= count) return { first: from - 1, last: until - 1 };
  return { first: 0, last: Math.min(WEEK, count) - 1 };
}
