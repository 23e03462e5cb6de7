/** A delivery: what was sent, what came back, and how long each part of it took. */
import { useRoute } from "preact-iso";
import { answer, api, type Schema } from "../../api/client";
import { useLive } from "../../api/live";
import { useAction, useAnswer } from "../../api/use";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { Badge, Card, Facts, Id, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { eventTitle } from "./webhooks";

type Attempt = Schema<"DeliveryAttemptBody">;

export function DeliveryPage() {
  const { id = "", delivery: deliveryId = "" } = useRoute().params;
  const path = { webhook_id: id, delivery_id: deliveryId };
  const read = useAnswer(`delivery ${deliveryId}`, async (signal) => (await answer(api.GET("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", { params: { path }, signal }))).data);
  const action = useAction();
  const delivery = read.value;
  useLive(read.reload, delivery?.state === "PENDING", false);
  const again = (): void =>
    void action
      .run(async () => {
        await answer(api.POST("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", { params: { path } }));
      })
      .then(read.reload);
  return (
    <Page
      title={delivery ? eventTitle(delivery.event_type) : "Delivery"}
      crumbs={
        <>
          <a href={to("/webhooks")}>Webhooks</a> / <a href={to(`/webhooks/${id}`)}>Deliveries</a>
        </>
      }
      about={
        delivery && (
          <span class="line">
            <Badge state={delivery.state} /> <span>{delivery.error}</span>
          </span>
        )
      }
      actions={
        delivery &&
        delivery.state !== "PENDING" &&
        may("operations:write") && (
          <button type="button" class="button first" disabled={action.busy} onClick={again}>
            Send again
          </button>
        )
      }
    >
      <ProblemNote problem={read.problem ?? action.problem} retry={read.reload} />
      {delivery === undefined ? (
        !read.problem && <Waiting what="the delivery" height={300} />
      ) : (
        <div class="split">
          <div class="stack">
            {delivery.tries.length === 0 && (
              <Card title="Not sent yet">
                <p class="soft">It shows here as soon as it was tried.</p>
              </Card>
            )}
            {delivery.tries.map((attempt) => (
              <Tried key={attempt.number} attempt={attempt} />
            ))}
            <Card title="Body">
              <pre tabIndex={0} aria-label="Body">
                {pretty(delivery.body)}
              </pre>
            </Card>
          </div>
          <Card title="Details">
            <Facts
              of={[
                ["Happened", <Moment value={delivery.created_at} exact />],
                ["Attempts", String(delivery.attempts)],
                ...(delivery.state === "PENDING" ? [["Next", <Moment value={delivery.due_at} exact />] as const] : []),
                ["Ended", <Moment value={delivery.completed_at} exact />],
                ["webhook-id", <Id value={delivery.event_id} />],
              ]}
            />
          </Card>
        </div>
      )}
    </Page>
  );
}

function Tried(props: { attempt: Attempt }) {
  const { attempt } = props;
  return (
    <Card
      title={`Attempt ${attempt.number}`}
      actions={
        <>
          <Moment value={attempt.started_at} exact />
          <Badge state={attempt.error === null ? "DELIVERED" : "FAILED"}>{attempt.status === null ? "No answer" : String(attempt.status)}</Badge>
        </>
      }
    >
      <div class="stack">
        {attempt.error && <p>{attempt.error}</p>}
        <p class="quiet small">{timed(attempt.timing)}</p>
        <Head title="Request" first={`POST ${attempt.url}`} head={attempt.headers} />
        {attempt.answer_head && <Head title="Answer" first={`HTTP ${attempt.status ?? ""}`} head={attempt.answer_head} body={attempt.answer_body ?? ""} />}
      </div>
    </Card>
  );
}

function Head(props: { title: string; first: string; head: Record<string, string>; body?: string }) {
  const lines = Object.entries(props.head).map(([name, value]) => `${name}: ${value}`);
  return (
    <details>
      <summary>{props.title}</summary>
      <pre tabIndex={0} aria-label={props.title}>
        {[props.first, ...lines, ...(props.body ? ["", props.body] : [])].join("\n")}
      </pre>
    </details>
  );
}

/** `resolved after 1 ms, connected 2 ms, …`, from the beginning of the request. */
function timed(timing: Record<string, number>): string {
  return Object.entries(timing)
    .sort(([, a], [, b]) => a - b)
    .map(([name, milliseconds]) => `${name.replaceAll("_", " ")} ${milliseconds.toFixed(0)} ms`)
    .join(" · ");
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
