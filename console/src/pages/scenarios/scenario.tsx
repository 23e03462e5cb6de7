/** A scenario: what it assumes, its runs, and how it came to be what it is. */
import { useLocation, useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import { useLive } from "../../api/live";
import { useAction, useAnswer } from "../../api/use";
import { type Run, requestRun, runsPage, underWay } from "../../data/runs";
import { readScenario, type Scenario } from "../../data/scenarios";
import { assumptionLine, driverTitle, words } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { confirm } from "../../ui/dialog";
import { Card, Empty, Facts, InFull, Moment, Page, ProblemNote, Tags, Waiting } from "../../ui/parts";
import { RunList } from "../runs/rows";
import { History } from "./history";

const TABS = [
  ["", "Assumptions"],
  ["runs", "Runs"],
  ["history", "Versions"],
  ["json", "JSON"],
] as const;

export function ScenarioPage() {
  const { id = "" } = useRoute().params;
  const { route } = useLocation();
  const [query, change] = useQuery();
  const tab = query.tab ?? "";
  const found = useAnswer(`scenario ${id}`, (signal) => readScenario(id, signal));
  const runs = useAnswer(`runs of ${id}`, (signal) => runsPage({ scenario_id: id }, undefined, signal));
  useLive(runs.reload, (runs.value?.data ?? []).some(underWay));
  const action = useAction();
  const scenario = found.value?.scenario;

  const run = (): void => void action.run(async () => route(to(`/runs/${await requestRun(id)}`)));
  const remove = (): void => {
    void (async () => {
      if (!(await confirm({ title: "Delete this scenario?", text: "Its runs and results stay, and it can be restored through the API.", button: "Delete", danger: true }))) return;
      const done = await action.run(async () => {
        const call = await api.DELETE("/v1/scenarios/{scenario_id}", { params: { path: { scenario_id: id } } });
        if (!call.response.ok) await answer(Promise.resolve({ error: call.error, response: call.response }));
      });
      if (done) route(to("/scenarios"));
    })();
  };
  return (
    <Page
      title={scenario?.name ?? "Scenario"}
      about={scenario?.description}
      crumbs={<a href={to("/scenarios")}>Scenarios</a>}
      actions={
        scenario && (
          <>
            {may("scenarios:delete") && (
              <button type="button" class="button plain" onClick={remove}>
                Delete
              </button>
            )}
            {may("scenarios:write") && (
              <>
                <a class="button" href={to("/scenarios/new", { from: id })}>
                  Copy
                </a>
                <a class="button" href={to(`/scenarios/${id}/edit`)}>
                  Edit
                </a>
              </>
            )}
            {may("runs:create") && (
              <button type="button" class="button first" disabled={action.busy} onClick={run}>
                Run
              </button>
            )}
          </>
        )
      }
    >
      <ProblemNote problem={found.problem ?? action.problem} />
      {scenario === undefined ? (
        !found.problem && <Waiting what="the scenario" />
      ) : (
        <>
          <nav class="tabs" aria-label="Parts of the scenario">
            {TABS.map(([name, title]) => (
              <a key={name} href={to(`/scenarios/${id}`, { tab: name })} aria-current={tab === name ? "page" : undefined}>
                {title}
              </a>
            ))}
          </nav>
          {tab === "" && <Assumed scenario={scenario} />}
          {tab === "runs" && <OwnRuns runs={runs.value?.data} run={run} />}
          {tab === "history" && <History scenario={id} version={scenario.version} query={query} change={change} />}
          {tab === "json" && (
            <Card title="As the API has it">
              <pre tabIndex={0}>{JSON.stringify(scenario, null, 2)}</pre>
            </Card>
          )}
        </>
      )}
    </Page>
  );
}

function Assumed(props: { scenario: Scenario }) {
  const { scenario } = props;
  const assumptions = scenario.assumptions;
  const parameters = Object.entries(scenario.parameters);
  return (
    <div class="split">
      <Card title="Assumptions">
        {assumptions.length === 0 ? (
          <p class="soft">None: the system as the baseline has it.</p>
        ) : (
          <ol class="stack">
            {assumptions.map((assumption, place) => (
              <li key={place} class="stack tight">
                <span class="quiet small">{driverTitle(assumption.driver_type)}</span>
                <b>{assumptionLine(assumption)}</b>
                <InFull value={assumption.payload} />
              </li>
            ))}
          </ol>
        )}
      </Card>
      <Card title="Details">
        <Facts
          of={[
            ...parameters.map(([name, value]) => [words(name), typeof value === "string" ? value : JSON.stringify(value)] as const),
            ["Version", String(scenario.version)],
            ["Status", words(scenario.status)],
            ["Tags", scenario.tags.length > 0 ? <Tags tags={scenario.tags} /> : "–"],
            ["Changed", <Moment value={scenario.updated_at} />],
            ["By", scenario.updated_by],
            ["Created", <Moment value={scenario.created_at} />],
          ]}
        />
      </Card>
    </div>
  );
}

function OwnRuns(props: { runs: readonly Run[] | undefined; run: () => void }) {
  if (props.runs === undefined) return <Waiting what="runs" />;
  return (
    <Card flush>
      {props.runs.length === 0 ? (
        <Empty title="It has not been run yet">
          {may("runs:create") && (
            <button type="button" class="button first" onClick={props.run}>
              Run it
            </button>
          )}
        </Empty>
      ) : (
        <RunList runs={props.runs} />
      )}
    </Card>
  );
}

