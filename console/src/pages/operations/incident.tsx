/** An incident: what happened, what was decided and done, and where it stands. */
import { useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import { useLive } from "../../api/live";
import { useAction, useAnswer } from "../../api/use";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { ask } from "../../ui/dialog";
import { Badge, Card, Facts, Id, InFull, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";

const MOVES: Record<string, readonly (readonly [string, string])[]> = {
  NEW: [["RESOLVED", "Resolve"], ["IGNORED", "Ignore"]],
  ANALYZING: [["RESOLVED", "Resolve"], ["IGNORED", "Ignore"]],
  ACTIONED: [["RESOLVED", "Resolve"], ["IGNORED", "Ignore"]],
};

export function IncidentPage() {
  const { id = "" } = useRoute().params;
  const found = useAnswer(`incident ${id}`, async (signal) => (await answer(api.GET("/v1/incidents/{incident_id}", { params: { path: { incident_id: id } }, signal }))).data);
  const timeline = useAnswer(`timeline ${id}`, async (signal) => (await answer(api.GET("/v1/incidents/{incident_id}/timeline", { params: { path: { incident_id: id }, query: { limit: 100 } as never }, signal }))).data);
  const again = (): void => {
    found.reload();
    timeline.reload();
  };
  useLive(again, false);
  const action = useAction();
  const move = (state: string, title: string): void => {
    void ask({ title: `${title} this incident?`, text: found.value?.title ?? "", button: title, reason: true }).then((reason) => {
      if (reason === null) return;
      void action
        .run(async () => {
          await answer(api.POST("/v1/incidents/{incident_id}/state", { params: { path: { incident_id: id } }, body: { state, reason } as never }));
        })
        .then(again);
    });
  };
  const incident = found.value;
  return (
    <Page
      title={incident?.title ?? "Incident"}
      crumbs={<a href={to("/operations")}>Operations</a>}
      about={
        incident && (
          <span class="line">
            <Badge state={incident.state} /> <Badge state={incident.severity} /> <span>{incident.state_reason}</span>
          </span>
        )
      }
      actions={
        incident &&
        may("operations:write") &&
        (MOVES[incident.state] ?? []).map(([state, title], place) => (
          <button type="button" key={state} class={`button${place === 0 ? " first" : ""}`} disabled={action.busy} onClick={() => move(state, title)}>
            {title}
          </button>
        ))
      }
    >
      <ProblemNote problem={found.problem ?? timeline.problem ?? action.problem} retry={again} />
      {incident === undefined ? (
        !found.problem && <Waiting what="the incident" height={300} />
      ) : (
        <div class="split">
          <Card title="Timeline">
            <ol class="timeline">
              {timeline.value?.map((item) => (
                <li key={item.id}>
                  <span class="quiet small">
                    {words(item.kind)}, <Moment value={item.at} />
                  </span>
                  <b>{item.summary}</b>
                  {Object.keys(item.detail).length > 0 && <InFull value={item.detail} />}
                </li>
              ))}
            </ol>
          </Card>
          <Card title="Details">
            <Facts
              of={[
                ["Events", String(incident.event_count)],
                ["First seen", <Moment value={incident.first_seen} exact />],
                ["Last seen", <Moment value={incident.last_seen} exact />],
                ["Escalated", <Moment value={incident.escalated_at} />],
                ["Resolved", <Moment value={incident.resolved_at} />],
                ["Changed by", incident.updated_by],
                ["Signature", <Id value={incident.signature} />],
                ["Incident", <Id value={incident.id} />],
              ]}
            />
          </Card>
        </div>
      )}
    </Page>
  );
}
