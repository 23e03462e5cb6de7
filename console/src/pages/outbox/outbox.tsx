/** The outbox: what waits to be published, what was given up, and how to send it again. */
import { answer, api, type Schema } from "../../api/client";
import { useAction, useAnswer } from "../../api/use";
import { useLive } from "../../api/live";
import { count, several } from "../../format/numbers";
import { ago } from "../../format/times";
import { words } from "../../format/words";
import { may } from "../../session/me";
import { useQuery } from "../../ui/address";
import { ask } from "../../ui/dialog";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Badge, Card, Empty, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";

type Entry = Schema<"EntryBody">;
const STATUSES = ["PENDING", "DELAYED", "FAILED", "SENT"] as const;

export function Outbox() {
  const [query, change] = useQuery();
  const status = STATUSES.find((one) => one === query.status);
  const summary = useAnswer("outbox summary", async (signal) => (await answer(api.GET("/v1/admin/outbox/summary", { params: {}, signal }))).data);
  const pages = usePages(
    `outbox ${status ?? ""}`,
    (entry: Entry) => entry.id,
    (cursor, signal) => answer(api.GET("/v1/admin/outbox", { params: { query: { limit: 100, ...(status && { status }), ...(cursor && { cursor }) } as never }, signal })),
  );
  const again = (): void => {
    summary.reload();
    pages.reload();
  };
  useLive(again, false, false);
  const action = useAction();
  const replay = (): void =>
    void action.run(async () => {
      const preview = await answer(api.POST("/v1/admin/outbox/replay", { body: { status: "FAILED", reason: "preview", preview: true } as never }));
      const reason = await ask({
        title: `Send ${several(preview.data.events, "event")} again?`,
        text: "Consumers see them once more; each has the id it had.",
        button: "Send again",
        reason: true,
      });
      if (reason === null) return;
      await answer(api.POST("/v1/admin/outbox/replay", { body: { status: "FAILED", reason } as never }));
      again();
    });
  const columns: Column<Entry>[] = [
    {
      title: "Event",
      width: "2.2fr",
      lead: true,
      cell: (entry) => (
        <>
          <b>{entry.topic}</b>
          <small>{entry.last_error ?? entry.dedupe_key ?? entry.id}</small>
        </>
      ),
    },
    { title: "Status", width: "120px", cell: (entry) => <Badge state={entry.status} /> },
    { title: "Tenant", width: "1fr", wideOnly: true, cell: (entry) => entry.tenant_id },
    { title: "Attempts", width: "80px", end: true, wideOnly: true, cell: (entry) => entry.attempts },
    { title: "Stored", width: "120px", end: true, wideOnly: true, cell: (entry) => <Moment value={entry.created_at} /> },
  ];
  const failed = (summary.value ?? []).reduce((sum, tenant) => sum + tenant.dead, 0);
  return (
    <Page
      title="Outbox"
      about="Events are stored with what they tell of, then published. An event is sent only if the broker has it."
      actions={
        may("outbox:write") &&
        failed > 0 && (
          <button type="button" class="button first" disabled={action.busy} onClick={replay}>
            Send what failed again …
          </button>
        )
      }
    >
      <ProblemNote problem={summary.problem ?? pages.problem ?? action.problem} retry={again} />
      {summary.value?.map((tenant) => (
        <dl class="figures card" key={tenant.tenant_id}>
          <Figure title="Waiting" value={count(tenant.pending)} of={tenant.oldest_pending_at ? `oldest ${ago(tenant.oldest_pending_at)}` : "none waits"} />
          <Figure title="Delayed" value={count(tenant.delayed)} of="tried again later" />
          <Figure title="Failed" value={count(tenant.dead)} of="given up" />
          <Figure title="Published" value={count(tenant.published)} of={tenant.last_published_at ? `last ${ago(tenant.last_published_at)}` : "none yet"} />
          <Figure title="Allowance left" value={count(tenant.allowance)} of={tenant.tenant_id} />
        </dl>
      ))}
      <div class="line" role="group" aria-label="Status">
        {STATUSES.map((one) => (
          <button type="button" class="tag" key={one} aria-pressed={status === one} onClick={() => change({ status: status === one ? undefined : one })}>
            {words(one)}
          </button>
        ))}
      </div>
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="events" />
        ) : pages.items.length === 0 ? (
          <Empty title="No such event" />
        ) : (
          <List label="Events" columns={columns} rows={pages.items} id={(entry) => entry.id} more={pages.more} loading={pages.loading} />
        )}
      </Card>
    </Page>
  );
}

function Figure(props: { title: string; value: string; of: string }) {
  return (
    <div>
      <dt>{props.title}</dt>
      <dd>{props.value}</dd>
      <dd class="of">{props.of}</dd>
    </div>
  );
}
