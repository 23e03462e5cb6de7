/** Runs side by side: which is better, by how much, and why. */
import { useEffect, useState } from "preact/hooks";
import { seriesColour } from "../../charts/colours";
import { useAnswer } from "../../api/use";
import { download, readComparison } from "../../data/results";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { Card, Empty, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Freeze } from "../reports/freeze";
import { Pick } from "./pick";
import { type Comparison, Shown, unique } from "./shown";

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
  const comparison = compared.value?.data;
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
        <Compared comparison={comparison} snapshot={compared.value?.meta.snapshot_id ?? undefined} query={query} change={change} set={set} />
      )}
    </Page>
  );
}

function Compared(props: {
  comparison: Comparison;
  snapshot: string | undefined;
  query: Record<string, string>;
  change: (changes: Record<string, string | undefined>) => void;
  set: (next: { baseline: string; runs: readonly string[] }) => void;
}) {
  const { comparison, query, change } = props;
  const { baseline } = comparison;
  const ids = comparison.runs.map((run) => run.run_id);
  const names = unique([baseline, ...comparison.runs].map((run) => run.scenario_name));
  return (
    <>
      <Card
        title="Runs"
        actions={
          <>
            <TakeRows baseline={baseline.run_id} runs={ids} />
            {may("scenarios:write") && <Freeze baseline={baseline.run_id} runs={ids} snapshot={props.snapshot} />}
          </>
        }
      >
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
      <Shown comparison={comparison} query={query} change={change} />
    </>
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
