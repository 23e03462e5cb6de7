/** All runs of the tenant, live. */
import { useState } from "preact/hooks";
import { useLive } from "../../api/live";
import { useAction } from "../../api/use";
import { cancelRun, requestRun, type Run, runsPage, STATES, underWay } from "../../data/runs";
import { several } from "../../format/numbers";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { confirm } from "../../ui/dialog";
import { usePages } from "../../ui/pages";
import { Card, Empty, Page, ProblemNote, Waiting } from "../../ui/parts";
import { SearchField } from "../scenarios/list";
import { RunList } from "./rows";

export function Runs() {
  const [query, change] = useQuery();
  const states = new Set((query.state ?? "").split(",").filter(Boolean));
  const filter = { state: query.state, created_by: query.by, scenario_id: query.scenario };
  const pages = usePages(`runs ${JSON.stringify(filter)}`, (run: Run) => run.id, async (cursor, signal) => (await runsPage(filter, cursor, signal)) as never);
  useLive(pages.reload, (pages.items ?? []).some(underWay));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const action = useAction();

  const toggleState = (state: string): void => {
    const next = new Set(states);
    if (!next.delete(state)) next.add(state);
    change({ state: [...next].join(",") || undefined });
  };
  const choose = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const picked = (pages.items ?? []).filter((run) => chosen.has(run.id));
  return (
    <Page title="Runs" about="Every run of every scenario, newest first. What is under way moves by itself.">
      <div class="tools">
        <div class="line" role="group" aria-label="States">
          {STATES.map((state) => (
            <button type="button" class="tag" key={state} aria-pressed={states.has(state)} onClick={() => toggleState(state)}>
              {words(state)}
            </button>
          ))}
        </div>
        <div class="grow" />
        <SearchField label="Asked by, exactly" value={query.by ?? ""} change={(by) => change({ by })} />
      </div>
      {picked.length > 0 && <Chosen runs={picked} action={action} clear={() => setChosen(new Set())} reload={pages.reload} />}
      <ProblemNote problem={pages.problem ?? action.problem} retry={pages.reload} />
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="runs" />
        ) : pages.items.length === 0 ? (
          <Empty title={query.state || query.by || query.scenario ? "No run fits" : "Nothing has been run yet"}>
            {query.state || query.by || query.scenario ? (
              <button type="button" class="button" onClick={() => change({ state: undefined, by: undefined, scenario: undefined })}>
                Show all
              </button>
            ) : (
              <a class="button" href={to("/scenarios")}>
                To the scenarios
              </a>
            )}
          </Empty>
        ) : (
          <RunList runs={pages.items} more={pages.more} loading={pages.loading} chosen={chosen} choose={choose} />
        )}
      </Card>
    </Page>
  );
}

/** What can be done with the runs that are ticked. */
function Chosen(props: { runs: readonly Run[]; action: ReturnType<typeof useAction>; clear: () => void; reload: () => void }) {
  const { runs, action } = props;
  const ended = runs.filter((run) => run.state === "SUCCEEDED");
  const live = runs.filter(underWay);
  const again = runs.filter((run) => ["FAILED", "TIMEOUT", "CANCELLED"].includes(run.state));
  const [baseline, ...others] = ended.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at)).map((run) => run.id);
  const all = (ones: readonly Run[], each: (run: Run) => Promise<unknown>): void =>
    void action.run(async () => {
      for (const run of ones) await each(run);
      props.clear();
      props.reload();
    });
  const cancel = (): void => {
    void confirm({ title: `Cancel ${several(live.length, "run")}?`, text: "What they computed so far is lost.", button: "Cancel the runs", danger: true }).then((sure) => {
      if (sure) all(live, (run) => cancelRun(run.id));
    });
  };
  return (
    <div class="note">
      <div class="line between">
        <b>{several(runs.length, "run")} chosen</b>
        <span class="line">
          {others.length > 0 && (
            <a class="button small first" href={to("/compare", { baseline, runs: others.join(",") })}>
              Compare {ended.length}
            </a>
          )}
          {live.length > 0 && may("runs:cancel") && (
            <button type="button" class="button small danger" disabled={action.busy} onClick={cancel}>
              Cancel {live.length}
            </button>
          )}
          {again.length > 0 && may("runs:create") && (
            <button type="button" class="button small" disabled={action.busy} onClick={() => all(again, (run) => requestRun(run.scenario_id, { parameters: run.parameters, seed: run.seed }))}>
              Run {again.length} again
            </button>
          )}
          <button type="button" class="button small plain" onClick={props.clear}>
            Clear
          </button>
        </span>
      </div>
    </div>
  );
}
