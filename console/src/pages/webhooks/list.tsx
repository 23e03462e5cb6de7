/** Endpoints that are told what came of runs and incidents. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { answer, api } from "../../api/client";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Badge, Card, Empty, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Form } from "./form";
import { ShowSecret } from "./secret";
import { EMPTY, toldOf, type Webhook } from "./webhooks";

interface Created {
  id: string;
  secret: string;
}

export function Webhooks() {
  const { route } = useLocation();
  const [creating, setCreating] = useState(false);
  const [created, setCreated] = useState<Created | null>(null);
  const pages = usePages(
    "webhooks",
    (one: Webhook) => one.id,
    (cursor, signal) => answer(api.GET("/v1/webhooks", { params: { query: { limit: 100, ...(cursor && { cursor }) } }, signal })),
  );
  const create = async (body: typeof EMPTY): Promise<void> => {
    const { data } = await answer(api.POST("/v1/webhooks", { body: body as never }));
    setCreating(false);
    setCreated({ id: data.id, secret: data.secret ?? data.public_key });
  };
  const writes = may("operations:write");
  const columns: Column<Webhook>[] = [
    {
      title: "Endpoint",
      width: "3fr",
      lead: true,
      cell: (webhook) => (
        <>
          <a href={to(`/webhooks/${webhook.id}`)}>{webhook.url}</a>
          <small>{webhook.state_reason || webhook.description}</small>
        </>
      ),
    },
    { title: "State", width: "120px", cell: (webhook) => <Badge state={webhook.state} /> },
    { title: "Told of", width: "2fr", wideOnly: true, cell: (webhook) => toldOf(webhook) },
    { title: "Changed", width: "120px", end: true, wideOnly: true, cell: (webhook) => <Moment value={webhook.updated_at} /> },
  ];
  const offer = (first: boolean) =>
    writes && (
      <button type="button" class={`button${first ? " first" : ""}`} onClick={() => setCreating(true)}>
        New webhook
      </button>
    );
  return (
    <Page
      title="Webhooks"
      about="Other systems are told by a signed request what came of runs and incidents, again and again until they have it."
      actions={pages.items !== undefined && pages.items.length > 0 && offer(true)}
    >
      {creating && <Form title="New webhook" button="Create" begin={EMPTY} save={create} close={() => setCreating(false)} />}
      {created && <ShowSecret secret={created.secret} close={() => route(to(`/webhooks/${created.id}`))} />}
      <ProblemNote problem={pages.problem} retry={pages.reload} />
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="webhooks" />
        ) : pages.items.length === 0 ? (
          <Empty title="Nobody is told yet">
            <p>Name an address of yours: it gets a signed request when a run has ended or an incident has moved.</p>
            {offer(true)}
          </Empty>
        ) : (
          <List label="Webhooks" columns={columns} rows={pages.items} id={(webhook) => webhook.id} more={pages.more} loading={pages.loading} />
        )}
      </Card>
    </Page>
  );
}
