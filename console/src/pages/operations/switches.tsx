/** Kill switches: what they stop at once, set and lifted with a reason. */
import { useState } from "preact/hooks";
import { answer, api, type Schema } from "../../api/client";
import { useAction, useAnswer } from "../../api/use";
import { words } from "../../format/words";
import { may, me } from "../../session/me";
import { ask } from "../../ui/dialog";
import { Choice, Text } from "../../ui/field";
import { Badge, Card, Moment, ProblemNote, Waiting } from "../../ui/parts";

type Switch = Schema<"KillSwitchBody">;

/** What setting and lifting a switch needs, by what it stops. */
const NEEDED: Record<string, string> = { GLOBAL: "tenants:manage", TENANT: "config:write" };

export function Switches() {
  const switches = useAnswer("switches", async (signal) => (await answer(api.GET("/v1/kill-switches", { params: { query: { limit: 100 } }, signal }))).data);
  const action = useAction();
  const [scope, setScope] = useState(may("config:write") ? "TENANT" : "WORKFLOW");
  const [target, setTarget] = useState("");
  const set = (): void => {
    const named = scope === "TENANT" ? (me.value?.tenant_id ?? "") : scope === "GLOBAL" ? "everything" : target;
    void ask({ title: `Stop ${named}?`, text: "From now on nothing of it begins. What runs is let run to its end.", button: "Stop it", danger: true, word: named, reason: true }).then((reason) => {
      if (reason === null) return;
      void action
        .run(async () => {
          const body = { scope, reason, ...(scope === "WORKFLOW" || scope === "VENDOR" ? { target } : {}) };
          await answer(api.POST("/v1/kill-switches", { body: body as never }));
        })
        .then(switches.reload);
    });
  };
  const lift = (one: Switch): void => {
    void ask({ title: "Let it go on?", text: "What was held back begins again.", button: "Lift the switch", reason: true }).then((reason) => {
      if (reason === null) return;
      void action
        .run(async () => {
          await answer(api.POST("/v1/kill-switches/{switch_id}/lift", { params: { path: { switch_id: one.id } }, body: { reason } }));
        })
        .then(switches.reload);
    });
  };
  return (
    <>
      <ProblemNote problem={switches.problem ?? action.problem} retry={switches.reload} />
      <Card title="Switches">
        {switches.value === undefined && !switches.problem && <Waiting height={100} />}
        <ul class="stack">
          {switches.value?.map((one) => (
            <li key={one.id} class="line between">
              <span>
                <b>{one.scope === "GLOBAL" ? "Everything" : `${words(one.scope)} ${one.target}`}</b>{" "}
                <span class="soft">
                  {one.reason}, by {one.changed_by}, <Moment value={one.changed_at} />
                </span>
              </span>
              <span class="line">
                <Badge state={one.active ? "OPEN" : "SUCCEEDED"}>{one.active ? "Stops" : "Lets through"}</Badge>
                {one.active && may(NEEDED[one.scope] ?? "operations:write") && (!one.by_platform || may("tenants:manage")) && (
                  <button type="button" class="button small" disabled={action.busy} onClick={() => lift(one)}>
                    Lift
                  </button>
                )}
              </span>
            </li>
          ))}
        </ul>
      </Card>
      {may("operations:write") && (
        <Card title="Stop something">
          <div class="tools">
            <Choice
              label="What"
              value={scope}
              onChange={setScope}
              options={[...(may("config:write") ? ([["TENANT", "All runs of this tenant"]] as const) : []), ["WORKFLOW", "A workflow"], ["VENDOR", "A vendor"], ...(may("tenants:manage") ? ([["GLOBAL", "Everything, of all tenants"]] as const) : [])]}
            />
            {(scope === "WORKFLOW" || scope === "VENDOR") && <Text label={`Id of the ${scope.toLowerCase()}`} value={target} onInput={setTarget} />}
            <button type="button" class="button danger" style={{ alignSelf: "end" }} disabled={action.busy || ((scope === "WORKFLOW" || scope === "VENDOR") && target === "")} onClick={set}>
              Stop it …
            </button>
          </div>
        </Card>
      )}
    </>
  );
}
