/** The overview: what to do first, what runs, what failed, what came out last. */
import { askAhead, useAnswer } from "../../api/use";
import { useLive } from "../../api/live";
import { errorWords, type Run, runsPage, underWay } from "../../data/runs";
import { scenariosPage } from "../../data/scenarios";
import { several } from "../../format/numbers";
import { may, me } from "../../session/me";
import { to } from "../../ui/address";
import { Badge, Card, Empty, Moment, Page, ProblemNote, Progress, Waiting } from "../../ui/parts";
import { FirstSteps } from "./first-steps";
import { Newest } from "./newest";
import { Pictures } from "./pictures";

const LISTED = 50;
const NEWEST = 6;

const readRuns = (signal: AbortSignal) => runsPage({ limit: LISTED }, undefined, signal);
const readFirst = (signal: AbortSignal) => scenariosPage({ limit: 1 }, undefined, signal);

/** Asks for what the overview needs, beside who the reader is. */
export function askForHome(): void {
  askAhead("home runs", readRuns);
  askAhead("home scenarios", readFirst);
}

export function Home() {
  const runs = useAnswer("home runs", readRuns);
  const scenarios = useAnswer("home scenarios", readFirst);
  const listed: Run[] = runs.value?.data ?? [];
  const working = listed.filter(underWay);
  useLive(() => {
    runs.reload();
    scenarios.reload();
  }, working.length > 0);
  const failed = listed.filter((run) => run.state === "FAILED" || run.state === "TIMEOUT").slice(0, 5);
  const newest = listed.filter((run) => run.state === "SUCCEEDED" && run.parts === null).slice(0, NEWEST);
  const empty = scenarios.value?.data.length === 0;
  return (
    <Page
      title="Overview"
      about={me.value ? `What happens in ${me.value.tenant_id}.` : undefined}
      actions={
        may("scenarios:write") && (
          <a class={`button${empty ? "" : " first"}`} href={to("/scenarios/new")}>
            New scenario
          </a>
        )
      }
    >
      <ProblemNote problem={runs.problem ?? scenarios.problem} retry={runs.reload} />
      <FirstSteps begin={empty} runs={listed} changed={runs.reload} />
      {runs.value === undefined ? (
        !runs.problem && <Waiting what="runs" />
      ) : (
        <>
          {working.length > 0 && <Working runs={working} />}
          <Newest runs={newest} empty={empty} />
          {newest.length > 1 && <Pictures runs={newest} />}
          {failed.length > 0 && <Failed runs={failed} />}
        </>
      )}
    </Page>
  );
}

function Working(props: { runs: readonly Run[] }) {
  return (
    <Card title="Under way" actions={<span class="quiet small">{several(props.runs.length, "run")}</span>}>
      <ul class="stack">
        {props.runs.slice(0, 8).map((run) => (
          <li key={run.id} class="stack close">
            <span class="line between">
              <a href={to(`/runs/${run.id}`)}>{run.scenario_name}</a>
              <span class="line">
                <span class="quiet small number">{run.progress_percent} %</span>
                <Badge state={run.state} />
              </span>
            </span>
            <Progress percent={run.progress_percent} label={`Progress of ${run.scenario_name}`} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Failed(props: { runs: readonly Run[] }) {
  return (
    <Card title="Failed lately" actions={<a class="small" href={to("/runs", { state: "FAILED,TIMEOUT" })}>All that failed</a>}>
      {props.runs.length === 0 ? (
        <Empty title="Nothing failed" />
      ) : (
        <ul class="stack">
          {props.runs.map((run) => (
            <li key={run.id}>
              <span class="line between">
                <a href={to(`/runs/${run.id}`)}>{run.scenario_name}</a>
                <Moment value={run.completed_at ?? run.created_at} />
              </span>
              <p class="soft small">{errorWords(run.error)}</p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
