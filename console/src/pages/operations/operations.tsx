/** What needs somebody: incidents, what was decided and done, switches that stop, and vendors' breakers. */
import { answer, api, type Schema } from "../../api/client";
import { useLive } from "../../api/live";
import { useAnswer } from "../../api/use";
import { words } from "../../format/words";
import { to, useQuery } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Badge, Card, Empty, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Switches } from "./switches";
import { Vendors } from "./vendors";

type Incident = Schema<"IncidentBody">;
type Action = Schema<"ActionBody">;

const TABS = [
  ["", "Incidents"],
  ["actions", "Actions"],
  ["switches", "Kill switches"],
  ["vendors", "Vendors"],
] as const;
const OPEN = ["NEW", "ANALYZING", "ACTIONED"] as const;
const STATES = [...OPEN, "RESOLVED", "IGNORED"] as const;

export function Operations() {
  const [query] = useQuery();
  const tab = query.tab ?? "";
  return (
    <Page title="Operations" about="Events become incidents; what is decided and done about them stands in their timeline.">
      <nav class="tabs" aria-label="Parts of operations">
        {TABS.map(([name, title]) => (
          <a key={name} href={to("/operations", { tab: name })} aria-current={tab === name ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {tab === "" && <Incidents />}
      {tab === "actions" && <Actions />}
      {tab === "switches" && <Switches />}
      {tab === "vendors" && <Vendors />}
    </Page>
  );
}

function Incidents() {
  const [query, change] = useQuery();
  const states = new Set((query.state ?? OPEN.join(",")).split(",").filter(Boolean));
  const filter = { state: [...states].join(",") };
  const pages = usePages(
    `incidents ${filter.state}`,
    (one: Incident) => one.id,
    (cursor, signal) => answer(api.GET("/v1/incidents", { params: { query: { limit: 100, ...filter, ...(cursor && { cursor }) } as never }, signal })),
  );
  useLive(pages.reload, false);
  const toggle = (state: string): void => {
    const next = new Set(states);
    if (!next.delete(state)) next.add(state);
    change({ state: [...next].join(",") || STATES.join(",") });
  };
  const columns: Column<Incident>[] = [
    {
      title: "Incident",
      width: "3fr",
      lead: true,
      cell: (incident) => (
        <>
          <a href={to(`/operations/incidents/${incident.id}`)}>{incident.title}</a>
          <small>{incident.state_reason}</small>
        </>
      ),
    },
    { title: "State", width: "120px", cell: (incident) => <Badge state={incident.state} /> },
    { title: "Severity", width: "110px", wideOnly: true, cell: (incident) => <Badge state={incident.severity} /> },
    { title: "Events", width: "70px", end: true, wideOnly: true, cell: (incident) => incident.event_count },
    { title: "Last seen", width: "120px", end: true, wideOnly: true, cell: (incident) => <Moment value={incident.last_seen} /> },
  ];
  return (
    <>
      <div class="line" role="group" aria-label="States">
        {STATES.map((state) => (
          <button type="button" class="tag" key={state} aria-pressed={states.has(state)} onClick={() => toggle(state)}>
            {words(state)}
          </button>
        ))}
      </div>
      <ProblemNote problem={pages.problem} retry={pages.reload} />
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="incidents" />
        ) : pages.items.length === 0 ? (
          <Empty title="Nothing needs anybody">
            <p>Events that are sent to the API, and failures of runs, become incidents here.</p>
          </Empty>
        ) : (
          <List label="Incidents" columns={columns} rows={pages.items} id={(incident) => incident.id} more={pages.more} loading={pages.loading} />
        )}
      </Card>
    </>
  );
}

function Actions() {
  const actions = useAnswer("actions", async (signal) => (await answer(api.GET("/v1/actions", { params: { query: { limit: 100 } }, signal }))).data);
  useLive(actions.reload, (actions.value ?? []).some((action) => action.completed_at === null));
  const columns: Column<Action>[] = [
    {
      title: "Action",
      width: "2fr",
      lead: true,
      cell: (action) => (action.incident_id ? <a href={to(`/operations/incidents/${action.incident_id}`)}>{words(action.action_type)}</a> : <b>{words(action.action_type)}</b>),
    },
    { title: "State", width: "130px", cell: (action) => <Badge state={action.state} /> },
    { title: "Target", width: "1.5fr", wideOnly: true, cell: (action) => action.target || "–" },
    { title: "Asked by", width: "1fr", wideOnly: true, cell: (action) => action.requested_by },
    { title: "Asked", width: "120px", end: true, wideOnly: true, cell: (action) => <Moment value={action.created_at} /> },
  ];
  return (
    <>
      <ProblemNote problem={actions.problem} retry={actions.reload} />
      <Card flush>
        {actions.value === undefined ? (
          !actions.problem && <Waiting what="actions" />
        ) : actions.value.length === 0 ? (
          <Empty title="Nothing was done yet">
            <p>Rules, and people, ask for actions: a retry, an escalation, a breaker, a switch.</p>
          </Empty>
        ) : (
          <List label="Actions" columns={columns} rows={actions.value} id={(action) => action.id} />
        )}
      </Card>
    </>
  );
}
