/** All scenarios: found by name or tag, each with its last run and headline figure. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useLive } from "../../api/live";
import { useAnswer } from "../../api/use";
import { type Run, runsPage, underWay } from "../../data/runs";
import { latestMetrics, type Scenario, scenariosPage } from "../../data/scenarios";
import { quantity } from "../../format/numbers";
import { assumptionLine } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { Choice, Text } from "../../ui/field";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Badge, Card, Empty, Moment, Page, ProblemNote, Tags, Waiting } from "../../ui/parts";

/** So long a row must stay in sight before its figures are asked for. */
const PAUSE = 250;

export function Scenarios() {
  const [query, change] = useQuery();
  const status = query.status === "ARCHIVED" ? "ARCHIVED" : "ACTIVE";
  const filter = { name: query.name, tag: query.tag, status } as const;
  const pages = usePages(`scenarios ${JSON.stringify(filter)}`, (one: Scenario) => one.id, async (cursor, signal) => (await scenariosPage(filter, cursor, signal)) as never);
  const runs = useAnswer("scenarios' runs", (signal) => runsPage({}, undefined, signal));
  const last = useMemo(() => {
    const newest = new Map<string, Run>();
    for (const run of runs.value?.data ?? []) if (run.parent_run_id === null && !newest.has(run.scenario_id)) newest.set(run.scenario_id, run);
    return newest;
  }, [runs.value]);
  useLive(
    () => {
      runs.reload();
      pages.reload();
    },
    [...last.values()].some(underWay),
  );

  const columns: Column<Scenario>[] = [
    {
      title: "Name",
      width: "3fr",
      lead: true,
      cell: (scenario) => (
        <>
          <a href={to(`/scenarios/${scenario.id}`)}>{scenario.name}</a>
          <small>{summary(scenario)}</small>
        </>
      ),
    },
    { title: "Tags", width: "1.3fr", wideOnly: true, cell: (scenario) => <Tags tags={scenario.tags} /> },
    {
      title: "Last run",
      width: "130px",
      cell: (scenario) => {
        const run = last.get(scenario.id);
        return run ? (
          <a href={to(`/runs/${run.id}`)} aria-label={`Last run of ${scenario.name}: ${run.state.toLowerCase()}`}>
            <Badge state={run.state} />
          </a>
        ) : (
          <span class="quiet">–</span>
        );
      },
    },
    { title: "NPV", width: "120px", end: true, wideOnly: true, cell: (scenario) => <Npv scenario={scenario.id} run={last.get(scenario.id)} /> },
    { title: "Changed", width: "120px", end: true, wideOnly: true, cell: (scenario) => <Moment value={scenario.updated_at} /> },
  ];
  const filtered = Boolean(query.name) || Boolean(query.tag) || status === "ARCHIVED";
  return (
    <Page
      title="Scenarios"
      about="A scenario is a power system with assumptions that change it. Each change makes a new version; runs keep the one they used."
      actions={
        may("scenarios:write") && (
          <a class="button first" href={to("/scenarios/new")}>
            New scenario
          </a>
        )
      }
    >
      <div class="tools">
        <div class="grow">
          <SearchField label="Search by name" value={query.name ?? ""} change={(name) => change({ name })} />
        </div>
        <SearchField label="Tag" value={query.tag ?? ""} change={(tag) => change({ tag })} />
        <Choice
          label="Status"
          hideLabel
          value={status}
          onChange={(value) => change({ status: value === "ACTIVE" ? undefined : value })}
          options={[
            ["ACTIVE", "Active"],
            ["ARCHIVED", "Archived"],
          ]}
        />
      </div>
      <ProblemNote problem={pages.problem} retry={pages.reload} />
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="scenarios" />
        ) : pages.items.length === 0 ? (
          filtered ? (
            <Empty title="None fits">
              <p>No scenario has this name, tag and status.</p>
              <button type="button" class="button" onClick={() => change({ name: undefined, tag: undefined, status: undefined })}>
                Show all
              </button>
            </Empty>
          ) : (
            <Empty title="No scenario yet">
              <p>Write one, or let the overview make three to begin with.</p>
              <a class="button" href={to("/")}>
                To the overview
              </a>
            </Empty>
          )
        ) : (
          <List label="Scenarios" columns={columns} rows={pages.items} id={(scenario) => scenario.id} more={pages.more} loading={pages.loading} />
        )}
      </Card>
    </Page>
  );
}

/** A field whose value goes into the address once the reader stops typing. */
export function SearchField(props: { label: string; value: string; change: (value: string | undefined) => void }) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => {
    if (text === props.value) return undefined;
    const timer = setTimeout(() => props.change(text.trim() || undefined), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return <Text label={props.label} hideLabel type="search" placeholder={props.label} value={text} onInput={setText} />;
}

function summary(scenario: Scenario): string {
  const lines = scenario.assumptions.map(assumptionLine);
  return lines.length === 0 ? "The system as it is" : lines.join(" · ");
}

function Npv(props: { scenario: string; run: Run | undefined }) {
  const { run } = props;
  const [stays, setStays] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setStays(true), PAUSE);
    return () => clearTimeout(timer);
  }, []);
  const key = stays && run?.state === "SUCCEEDED" ? `metrics ${run.id}` : null;
  const metrics = useAnswer(key, (signal) => latestMetrics(props.scenario, signal, run?.id));
  const npv = metrics.value?.find((metric) => metric.metric === "npv" && Object.keys(metric.tags).length === 0);
  return <>{npv ? quantity(npv.value, npv.unit) : <span class="quiet">–</span>}</>;
}
