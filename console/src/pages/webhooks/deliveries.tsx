/** What was delivered to an endpoint, and what was not. */
import { useEffect } from "preact/hooks";
import { answer, api } from "../../api/client";
import { useLive } from "../../api/live";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { to, useQuery } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Badge, Card, Empty, Moment, ProblemNote, Waiting } from "../../ui/parts";
import { type Delivery, eventTitle } from "./webhooks";

const STATES = ["PENDING", "DELIVERED", "FAILED", "CANCELLED"] as const;
/** What is sent within so many milliseconds is watched. */
const SOON = 30_000;

export function Deliveries(props: { webhook: string; sent: number; resend: () => void }) {
  const [query, change] = useQuery();
  const state = STATES.find((one) => one === query.state);
  const pages = usePages(
    `deliveries ${props.webhook} ${state ?? ""}`,
    (one: Delivery) => one.id,
    (cursor, signal) =>
      answer(
        api.GET("/v1/webhooks/{webhook_id}/deliveries", {
          params: { path: { webhook_id: props.webhook }, query: { limit: 100, ...(state && { state }), ...(cursor && { cursor }) } as never },
          signal,
        }),
      ),
  );
  useLive(
    pages.reload,
    (pages.items ?? []).some((one) => one.state === "PENDING" && Date.parse(one.due_at) < Date.now() + SOON),
    false,
  );
  const { reload } = pages;
  useEffect(() => {
    if (props.sent > 0) reload();
  }, [props.sent, reload]);
  const columns: Column<Delivery>[] = [
    {
      title: "Event",
      width: "2fr",
      lead: true,
      cell: (one) => (
        <>
          <a href={to(`/webhooks/${props.webhook}/deliveries/${one.id}`)}>{eventTitle(one.event_type)}</a>
          <small>{one.error ?? ""}</small>
        </>
      ),
    },
    { title: "State", width: "120px", cell: (one) => <Badge state={one.state} /> },
    { title: "Answer", width: "70px", end: true, wideOnly: true, cell: (one) => one.status ?? "–" },
    { title: "Attempts", width: "80px", end: true, wideOnly: true, cell: (one) => one.attempts },
    { title: "Happened", width: "120px", end: true, wideOnly: true, cell: (one) => <Moment value={one.created_at} /> },
  ];
  return (
    <Card
      title="Deliveries"
      flush
      actions={
        may("operations:write") && (
          <button type="button" class="button small" onClick={props.resend}>
            Send what failed again …
          </button>
        )
      }
    >
      <div class="tools" style={{ padding: "10px 18px" }} role="group" aria-label="States">
        {STATES.map((one) => (
          <button type="button" class="tag" key={one} aria-pressed={state === one} onClick={() => change({ state: state === one ? undefined : one })}>
            {words(one)}
          </button>
        ))}
      </div>
      <ProblemNote problem={pages.problem} retry={pages.reload} />
      {pages.items === undefined ? (
        !pages.problem && <Waiting what="deliveries" />
      ) : pages.items.length === 0 ? (
        <Empty title={state ? "No such delivery" : "Nothing was sent yet"}>{!state && <p>Send a test, or let a run end.</p>}</Empty>
      ) : (
        <List label="Deliveries" columns={columns} rows={pages.items} id={(one) => one.id} more={pages.more} loading={pages.loading} />
      )}
    </Card>
  );
}
