/** A comparison as pictures, as a table, and what differs in what was assumed. */
import type { Schema } from "../../api/client";
import { seriesColour } from "../../charts/colours";
import { Lines } from "../../charts/lines";
import { metricTitle } from "../../format/words";
import { Choice } from "../../ui/field";
import { Card } from "../../ui/parts";
import { type Difference, Differences } from "./differences";
import { Table } from "./table";

export type Comparison = Schema<"ComparisonBody">;
export type Series = NonNullable<Comparison["series"]>[number];

export function Shown(props: { comparison: Comparison; query: Record<string, string>; change: (changes: Record<string, string | undefined>) => void }) {
  const { comparison, query, change } = props;
  const names = unique([comparison.baseline, ...comparison.runs].map((run) => run.scenario_name));
  const series = comparison.series ?? [];
  const whole = series.filter((one) => Object.keys(one.tags).length === 0);
  const drawn = whole.filter((one) => one.t.length > 1).map((one) => one.metric);
  const chosen = query.metric !== undefined && drawn.includes(query.metric) ? query.metric : undefined;
  const shown = chosen ? [chosen] : ["price", "renewable_share", "emissions", "system_cost"].filter((metric) => drawn.includes(metric));
  const differing = query.view === "differences";
  return (
    <>
      <div class="tools">
        <Choice
          label="Series"
          value={chosen ?? ""}
          onChange={(value) => change({ metric: value || undefined })}
          options={[["", "The main ones"], ...drawn.map((metric) => [metric, metricTitle(metric)] as const)]}
        />
        <Choice
          label="Drawn as"
          value={differing ? "differences" : ""}
          onChange={(value) => change({ view: value || undefined })}
          options={[
            ["", "Values"],
            ["differences", "Differences to the baseline"],
          ]}
        />
      </div>
      <div class={chosen ? "stack" : "grid"}>
        {shown.map((metric) => (
          <Overlaid key={metric} series={whole.find((one) => one.metric === metric)} names={names} differing={differing} tall={chosen !== undefined} />
        ))}
      </div>
      <Table series={series} names={names} query={query} change={change} />
      <Why comparison={comparison} names={names} />
    </>
  );
}

function Overlaid(props: { series: Series | undefined; names: readonly string[]; differing: boolean; tall: boolean }) {
  const { series, differing } = props;
  if (series === undefined) return null;
  const lines = series.runs.map((run, place) => ({
    label: props.names[place + 1] ?? "",
    values: differing ? run.delta : run.v,
    low: (differing ? run.lo_delta : run.lo) ?? undefined,
    high: (differing ? run.hi_delta : run.hi) ?? undefined,
    colour: seriesColour(place + 1),
  }));
  const baseline = { label: props.names[0] ?? "", values: series.baseline.v, colour: seriesColour(0) };
  return (
    <Lines
      title={metricTitle(series.metric)}
      unit={series.unit}
      places={series.t.map((day) => day.slice(0, 4))}
      lines={differing ? lines : [baseline, ...lines]}
      signed={differing}
      {...(props.tall ? { height: 360 } : {})}
    />
  );
}

/** What differs in the inputs of each run from the baseline's. */
function Why(props: { comparison: Comparison; names: readonly string[] }) {
  return (
    <div class="grid">
      {props.comparison.runs.map((run, place) => (
        <Card key={run.run_id} title={`What ${props.names[place + 1] ?? ""} assumes differently`}>
          <Differences of={run.differences as Difference[]} />
        </Card>
      ))}
    </div>
  );
}

/** Names that tell the runs apart: a number behind those that come twice. */
export function unique(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
