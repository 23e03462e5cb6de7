/** A run: its course while it is under way, what went wrong, or what came out. */
import { useLocation, useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import { useLive } from "../../api/live";
import { useAction, useAnswer } from "../../api/use";
import { cancelRun, errorWords, type LiveRun, readRun, requestRun, underWay } from "../../data/runs";
import { readScenario } from "../../data/scenarios";
import { between } from "../../format/times";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { confirm } from "../../ui/dialog";
import { Badge, Card, Facts, Id, Moment, Page, ProblemNote, Progress, Waiting } from "../../ui/parts";
import { ResultView } from "../result/result";

export function RunPage() {
  const { id = "" } = useRoute().params;
  const { route } = useLocation();
  const found = useAnswer(`run ${id}`, (signal) => readRun(id, signal));
  const run = found.value;
  const live = run !== undefined && underWay(run);
  useLive(() => {
    if (run === undefined || live) found.reload();
  }, live);
  const scenario = useAnswer(run ? `scenario ${run.scenario_id}` : null, (signal) => readScenario(run?.scenario_id ?? "", signal));
  const action = useAction();

  const cancel = (): void => {
    void confirm({ title: "Cancel this run?", text: "What it computed so far is lost.", button: "Cancel the run", danger: true }).then((sure) => {
      if (sure) void action.run(() => cancelRun(id)).then(found.reload);
    });
  };
  const again = (): void => {
    if (run) void action.run(async () => route(to(`/runs/${await requestRun(run.scenario_id, { parameters: run.parameters, seed: run.seed })}`)));
  };
  const name = scenario.value?.scenario.name ?? "Run";
  // A name of two lines moves the buttons under it, and a press that began before would miss them.
  const named = scenario.value !== undefined || scenario.problem !== undefined;
  return (
    <Page
      title={name}
      crumbs={
        <>
          <a href={to("/runs")}>Runs</a> / {run ? <a href={to(`/scenarios/${run.scenario_id}`)}>{name}</a> : "…"}
        </>
      }
      about={
        run && (
          <span class="line">
            <Badge state={run.state} />
            <span>
              Version {run.scenario_version}, asked <Moment value={run.created_at} /> by {run.created_by}
            </span>
          </span>
        )
      }
      actions={
        run &&
        named && (
          <>
            {live && may("runs:cancel") && (
              <button type="button" class="button danger" disabled={action.busy} onClick={cancel}>
                Cancel
              </button>
            )}
            {["FAILED", "TIMEOUT", "CANCELLED"].includes(run.state) && may("runs:create") && (
              <button type="button" class="button first" disabled={action.busy} onClick={again}>
                Run again
              </button>
            )}
            {run.state === "SUCCEEDED" && (
              <a class="button first" href={to("/compare", { baseline: id })}>
                Compare with …
              </a>
            )}
          </>
        )
      }
    >
      <ProblemNote problem={found.problem ?? action.problem} retry={found.reload} />
      {run === undefined ? !found.problem && <Waiting what="the run" height={400} /> : run.state === "SUCCEEDED" ? <ResultView run={run} name={name} /> : <Course run={run} />}
    </Page>
  );
}

/** What happened to a run that has no result. */
function Course(props: { run: LiveRun }) {
  const { run } = props;
  const attempts = useAnswer(`attempts ${run.id} ${run.attempt} ${run.state}`, async (signal) => {
    const path = { scenario_id: run.scenario_id, run_id: run.id };
    return (await answer(api.GET("/v1/scenarios/{scenario_id}/runs/{run_id}/attempts", { params: { path }, signal }))).data;
  });
  return (
    <div class="split">
      <div class="stack">
        {underWay(run) && (
          <Card title={run.state === "QUEUED" ? "Waiting for a worker" : "Computing"}>
            <div class="stack">
              <Progress percent={run.progress_percent} label="Progress" />
              <p class="soft">
                {run.waits_for ? `It waits: ${run.waits_for.reason}` : "This page shows the result as soon as it is there."}
              </p>
            </div>
          </Card>
        )}
        {run.error && (
          <div class="note bad" role="alert">
            <b>{run.state === "TIMEOUT" ? "It took too long" : "It failed"}</b>
            <span>{errorWords(run.error)}</span>
            {typeof run.error.code === "string" && <code>{run.error.code}</code>}
          </div>
        )}
        <Card title="Attempts">
          <ProblemNote problem={attempts.problem} />
          {attempts.value?.length === 0 && <p class="soft">No worker has taken it yet.</p>}
          <ol class="stack">
            {attempts.value?.map((attempt) => (
              <li key={attempt.attempt} class="stack tight">
                <span class="line between">
                  <b>Attempt {attempt.attempt}</b>
                  <Badge state={attempt.outcome ?? "RUNNING"} />
                </span>
                <span class="soft small">
                  Began <Moment value={attempt.started_at} />
                  {attempt.ended_at && `, took ${between(attempt.started_at, attempt.ended_at)}`}
                </span>
                {attempt.error && <span class="small">{errorWords(attempt.error)}</span>}
              </li>
            ))}
          </ol>
        </Card>
      </div>
      <Card title="Details">
        <Facts
          of={[
            ["Run", <Id value={run.id} />],
            ["Priority", words(run.priority)],
            ["Seed", String(run.seed)],
            ["Timeout", `${run.timeout_minutes} min`],
            ["Retries", String(run.max_retries)],
            ...Object.entries(run.parameters).map(([name, value]) => [words(name), JSON.stringify(value)] as const),
          ]}
        />
      </Card>
    </div>
  );
}
