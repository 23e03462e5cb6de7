/** Runs side by side: which is better, by how much, and why. */
import { useEffect, useState } from "preact/hooks";
import { seriesColour } from "../../charts/colours";
import { Lines } from "../../charts/lines";
import type { Schema } from "../../api/client";
import { useAnswer } from "../../api/use";
import { download, readComparison } from "../../data/results";
import { metricTitle } from "../../format/words";
import { to, useQuery } from "../../ui/address";
import { Choice } from "../../ui/field";
import { Card, Empty, Page, ProblemNote, Waiting } from "../../ui/parts";
import { type Difference, Differences } from "./differences";
import { Pick } from "./pick";
import { Table } from "./table";

export type Comparison = Schema<"ComparisonBody">;
export type Series = NonNullable<Comparison["series"]>[number];

const MOST = 20;

export function Compare() {
  const [query, change] = useQuery();
  const runs = (query.runs ?? "").split(",").filter(Boolean);
  const baseline = query.baseline ?? "";
  const ready = baseline !== "" && runs.length > 0;
  const compared = useAnswer(ready ? `compare ${baseline} ${runs.join()}` : null, (signal) => readComparison(baseline, runs, signal));
  const [picking, setPicking] = useState(false);
  const set = (next: { baseline: string; runs: readonly string[] }): void => change({ baseline: next.baseline || undefined, runs: next.runs.join(",") || undefined }, true);
  const add = (id: string): void => {
    if (baseline === "") set({ baseline: id, runs });
    else if (id !== baseline && !runs.includes(id)) set({ baseline, runs: [...runs, id] });
  };
  const comparison = compared.value;
  return (
    <Page
      title="Compare"
      about="Runs of any scenarios beside a baseline run, all read from one snapshot."
      actions={
        <button type="button" class={`button${ready ? "" : " first"}`} disabled={runs.length >= MOST} onClick={() => setPicking(true)}>
          {baseline === "" ? "Choose the baseline run" : "Add a run"}
        </button>
      }
    >
      {picking && <Pick chosen={[baseline, ...runs]} pick={add} close={() => setPicking(false)} />}
      <ProblemNote problem={compared.problem} retry={compared.reload} />
      {!ready ? (
        <Card flush>
          <Empty title={baseline === "" ? "Nothing to compare yet" : "Choose what to compare with it"}>
            <p>Pick a baseline run and one run or more. The address keeps your choice: send it to whoever should see the same.</p>
            <button type="button" class="button first" onClick={() => setPicking(true)}>
              {baseline === "" ? "Choose the baseline run" : "Choose a run"}
            </button>
          </Empty>
        </Card>
      ) : comparison === undefined ? (
        !compared.problem && <Waiting what="the comparison" height={500} />
      ) : (
        <Compared comparison={comparison} query={query} change={change} set={set} />
      )}
    </Page>
  );
}

function Compared(props: {
  comparison: Comparison;
  query: Record<string, string>;
  change: (changes: Record<string, string | undefined>) => void;
  set: (next: { baseline: string; runs: readonly string[] }) => void;
}) {
  const { comparison, query, change } = props;
  const { baseline } = comparison;
  const ids = comparison.runs.map((run) => run.run_id);
  const names = unique([baseline, ...comparison.runs].map((run) => run.scenario_name));
  const series = comparison.series ?? [];
  const whole = series.filter((one) => Object.keys(one.tags).length === 0);
  const drawn = whole.filter((one) => one.t.length > 1).map((one) => one.metric);
  const chosen = query.metric !== undefined && drawn.includes(query.metric) ? query.metric : undefined;
  const shown = chosen ? [chosen] : ["price", "renewable_share", "emissions", "system_cost"].filter((metric) => drawn.includes(metric));
  const differing = query.view === "differences";
  return (
    <>
      <Card title="Runs" actions={<TakeRows baseline={baseline.run_id} runs={ids} />}>
        <ul class="stack close">
          {[baseline, ...comparison.runs].map((run, place) => (
            <li key={run.run_id} class="line between">
              <span class="line">
                <i class="swatch" style={{ background: seriesColour(place) }} />
                <a href={to(`/runs/${run.run_id}`)}>
                  <b>{names[place]}</b>
                </a>
                <span class="quiet small">version {run.scenario_version}{run.seed ? `, seed ${run.seed}` : ""}</span>
                {place === 0 && <span class="tag">baseline</span>}
              </span>
              <span class="line">
                {place > 0 && (
                  <button type="button" class="button small plain" onClick={() => props.set({ baseline: run.run_id, runs: [baseline.run_id, ...ids.filter((id) => id !== run.run_id)] })}>
                    Make it the baseline
                  </button>
                )}
                <button
                  type="button"
                  class="button small plain"
                  aria-label={`Take out ${names[place] ?? "the run"}`}
                  onClick={() => props.set(place === 0 ? { baseline: ids[0] ?? "", runs: ids.slice(1) } : { baseline: baseline.run_id, runs: ids.filter((id) => id !== run.run_id) })}
                >
                  Take out
                </button>
              </span>
            </li>
          ))}
        </ul>
      </Card>
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

function TakeRows(props: { baseline: string; runs: readonly string[] }) {
  const [busy, setBusy] = useState(false);
  useEffect(() => setBusy(false), [props.baseline, props.runs.length]);
  const file = (format: string): void => {
    setBusy(true);
    void download(`/v1/compare?baseline=${props.baseline}&runs=${props.runs.join(",")}&format=${format}`, `comparison.${format}`).finally(() => setBusy(false));
  };
  return (
    <>
      <button type="button" class="button small" disabled={busy} onClick={() => file("csv")}>
        CSV
      </button>
      <button type="button" class="button small" disabled={busy} onClick={() => file("parquet")}>
        Parquet
      </button>
    </>
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
