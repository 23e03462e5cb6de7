/** A webhook: where it goes, of what it is told, and what was delivered. */
import { useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { answer, api } from "../../api/client";
import { Problem } from "../../api/problem";
import { useAction, useAnswer } from "../../api/use";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { confirm } from "../../ui/dialog";
import { Badge, Card, Facts, Id, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Deliveries } from "./deliveries";
import { Form } from "./form";
import { Resend } from "./resend";
import { ShowSecret } from "./secret";
import { toldOf, type Webhook } from "./webhooks";

export function WebhookPage() {
  const { id = "" } = useRoute().params;
  const { route } = useLocation();
  const path = { webhook_id: id };
  const read = useAnswer(`webhook ${id}`, async (signal) => (await answer(api.GET("/v1/webhooks/{webhook_id}", { params: { path }, signal }))).data);
  const action = useAction();
  const [dialog, setDialog] = useState<"" | "edit" | "resend">("");
  const [secret, setSecret] = useState("");
  // Raised when something was sent, so that the list of deliveries looks anew.
  const [sent, setSent] = useState(0);
  const webhook = read.value;

  const change = async (changes: object): Promise<void> => {
    const match = webhook ? { "If-Match": `"${webhook.id}.${webhook.version}"` } : {};
    await answer(api.PATCH("/v1/webhooks/{webhook_id}", { params: { path, header: match as never }, body: changes as never }));
    read.reload();
  };
  const turn = (state: Webhook["state"]): void => void action.run(() => change({ state }));
  const test = (): void =>
    void action.run(async () => {
      const { data } = await answer(api.POST("/v1/webhooks/{webhook_id}/test", { params: { path } }));
      route(to(`/webhooks/${id}/deliveries/${data.id}`));
    });
  const rotate = async (): Promise<void> => {
    const sure = await confirm({ title: "Give it another secret?", text: "For 24 hours requests are signed with both, so that you can change over. After that the one of now is void.", button: "New secret" });
    if (!sure) return;
    await action.run(async () => {
      const { data } = await answer(api.POST("/v1/webhooks/{webhook_id}/secret:rotate", { params: { path } }));
      setSecret(data.secret ?? data.public_key);
    });
  };
  const disable = async (): Promise<void> => {
    const sure = await confirm({ title: "Disable it?", text: "It is sent nothing, and what happens meanwhile is not kept for it. What waits is cancelled.", button: "Disable", danger: true });
    if (sure) turn("DISABLED");
  };
  const remove = async (): Promise<void> => {
    const sure = await confirm({ title: "Delete this webhook?", text: "What waits for it is cancelled. It cannot be brought back.", button: "Delete the webhook", danger: true });
    if (!sure) return;
    await action.run(async () => {
      const call = await api.DELETE("/v1/webhooks/{webhook_id}", { params: { path } });
      if (!call.response.ok) throw Problem.from(call.response, call.error);
      route(to("/webhooks"));
    });
  };
  return (
    <Page
      title={webhook?.url ?? "Webhook"}
      crumbs={<a href={to("/webhooks")}>Webhooks</a>}
      about={
        webhook && (
          <span class="line">
            <Badge state={webhook.state} /> <span>{webhook.state_reason || webhook.description}</span>
          </span>
        )
      }
      actions={
        webhook &&
        may("operations:write") && (
          <>
            {webhook.state === "ENABLED" ? (
              <button type="button" class="button" disabled={action.busy} onClick={() => turn("PAUSED")}>
                Pause
              </button>
            ) : (
              <button type="button" class="button" disabled={action.busy} onClick={() => turn("ENABLED")}>
                Enable
              </button>
            )}
            <button type="button" class="button" onClick={() => setDialog("edit")}>
              Edit
            </button>
            <button type="button" class="button first" disabled={action.busy} onClick={test}>
              Send a test
            </button>
          </>
        )
      }
    >
      {dialog === "edit" && webhook && (
        <Form
          title="Change the webhook"
          button="Save"
          begin={webhook}
          save={async ({ url, description, event_types, scenario_ids, tags, ordered }) => {
            await change({ url, description, event_types, scenario_ids, tags, ordered });
            setDialog("");
          }}
          close={() => setDialog("")}
        />
      )}
      {dialog === "resend" && <Resend webhook={id} close={() => setDialog("")} done={() => setSent(sent + 1)} />}
      {secret && <ShowSecret secret={secret} close={() => setSecret("")} />}
      <ProblemNote problem={read.problem ?? action.problem} retry={read.reload} />
      {webhook === undefined ? (
        !read.problem && <Waiting what="the webhook" height={300} />
      ) : (
        <div class="split">
          <Deliveries webhook={id} sent={sent} resend={() => setDialog("resend")} />
          <Card title="Details">
            <div class="stack">
              <Facts
                of={[
                  ["Told of", toldOf(webhook)],
                  ["Order", webhook.ordered ? "as it happened" : "as it comes"],
                  ["Created", <Moment value={webhook.created_at} exact />],
                  ["Changed", <Moment value={webhook.updated_at} exact />],
                  ["Changed by", webhook.updated_by],
                  ["Webhook", <Id value={webhook.id} />],
                ]}
              />
              {may("operations:write") && (
                <div class="line">
                  <button type="button" class="button small" disabled={action.busy} onClick={() => void rotate()}>
                    New secret …
                  </button>
                  {webhook.state !== "DISABLED" && (
                    <button type="button" class="button small" disabled={action.busy} onClick={() => void disable()}>
                      Disable …
                    </button>
                  )}
                  <button type="button" class="button small danger" disabled={action.busy} onClick={() => void remove()}>
                    Delete …
                  </button>
                </div>
              )}
            </div>
          </Card>
        </div>
      )}
    </Page>
  );
}
