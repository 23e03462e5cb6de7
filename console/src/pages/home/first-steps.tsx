/** The card of the first minutes: three scenarios made, run and compared without a word read. */
import { useState } from "preact/hooks";
import examples from "../../../../examples/first_scenarios.json";
import { useAction } from "../../api/use";
import { requestRun, type Run, underWay } from "../../data/runs";
import { type Draft, ensureScenario } from "../../data/scenarios";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { Badge, Card, ProblemNote, Progress } from "../../ui/parts";

export function FirstSteps(props: { begin: boolean; runs: readonly Run[]; changed: () => void }) {
  const [made, setMade] = useState<string[] | null>(null);
  const action = useAction();
  if (made === null && !props.begin && !action.busy) return null;

  const begin = (): void =>
    void action.run(async () => {
      const scenarios = await Promise.all(examples.map((example) => ensureScenario(example.body as Partial<Draft>)));
      setMade(await Promise.all(scenarios.map((scenario) => requestRun(scenario))));
      props.changed();
    });
  if (made !== null) return <Made ids={made} runs={props.runs} />;
  return (
    <Card title="Begin with three scenarios">
      <div class="stack">
        <p class="soft" style={{ maxWidth: "68ch" }}>
          One power system, asked three ways. Each is computed for twenty years, in a few seconds, and compared with the first.
        </p>
        <ol class="stack close">
          {examples.map((example) => (
            <li key={example.label}>
              <b>{example.body.name}</b> <span class="soft">{example.question}</span>
            </li>
          ))}
        </ol>
        <ProblemNote problem={action.problem} />
        {may("scenarios:write") && may("runs:create") ? (
          <span>
            <button type="button" class="button first" disabled={action.busy} onClick={begin}>
              {action.busy ? "Creating …" : "Create and run them"}
            </button>
          </span>
        ) : (
          <p class="quiet">Your role reads. Ask somebody who may write scenarios, or sign in with another role.</p>
        )}
      </div>
    </Card>
  );
}

function Made(props: { ids: readonly string[]; runs: readonly Run[] }) {
  const runs = props.ids.map((id) => props.runs.find((run) => run.id === id));
  const done = runs.every((run) => run?.state === "SUCCEEDED");
  const [baseline, ...others] = props.ids;
  return (
    <Card title={done ? "Your three scenarios are computed" : "Your three scenarios are being computed"}>
      <div class="stack">
        <ul class="stack" style={{ gap: "10px" }}>
          {runs.map((run, place) => (
            <li key={props.ids[place]} class="stack" style={{ gap: "5px" }}>
              <span class="line between">
                {run ? <a href={to(`/runs/${run.id}`)}>{run.scenario_name}</a> : <span>{examples[place]?.body.name}</span>}
                <Badge state={run?.state ?? "QUEUED"} />
              </span>
              {(run === undefined || underWay(run)) && <Progress percent={run?.progress_percent ?? 0} label={`Progress of ${run?.scenario_name ?? "a run"}`} />}
            </li>
          ))}
        </ul>
        <span>
          {done ? (
            <a class="button first" href={to("/compare", { baseline, runs: others.join(",") })}>
              Compare them
            </a>
          ) : (
            <button type="button" class="button first" disabled>
              Compare them
            </button>
          )}
        </span>
      </div>
    </Card>
  );
}
