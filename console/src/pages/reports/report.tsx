/** A report, and who may see it without an account. */
import { useState } from "preact/hooks";
import { useLocation, useRoute } from "preact-iso";
import { answer, api, type Schema } from "../../api/client";
import { Problem } from "../../api/problem";
import { useAction, useAnswer } from "../../api/use";
import { may } from "../../session/me";
import { SHARED } from "../../session/session";
import { to, useQuery } from "../../ui/address";
import { Copy } from "../../ui/copy";
import { confirm } from "../../ui/dialog";
import { Choice } from "../../ui/field";
import { Badge, Card, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { type Document, Frozen } from "./document";

type Link = Schema<"ReportLinkBody">;

export function ReportPage() {
  const { id = "" } = useRoute().params;
  const { route } = useLocation();
  const [query, change] = useQuery();
  const path = { report_id: id };
  const read = useAnswer(`report ${id}`, async (signal) => (await answer(api.GET("/v1/reports/{report_id}", { params: { path }, signal }))).data);
  const content = useAnswer(`report's content ${id}`, async (signal) => await answer<Document>(api.GET("/v1/reports/{report_id}/content", { params: { path }, signal })));
  const action = useAction();
  const report = read.value;
  const remove = async (): Promise<void> => {
    const sure = await confirm({ title: "Delete this report?", text: "Its links open nothing any more. It cannot be brought back.", button: "Delete the report", danger: true });
    if (!sure) return;
    await action.run(async () => {
      const call = await api.DELETE("/v1/reports/{report_id}", { params: { path } });
      if (!call.response.ok) throw Problem.from(call.response, call.error);
      route(to("/reports"));
    });
  };
  return (
    <Page
      title={report?.title ?? "Report"}
      crumbs={<a href={to("/reports")}>Reports</a>}
      about={
        report && (
          <>
            Frozen by {report.created_by}, <Moment value={report.created_at} exact />
          </>
        )
      }
      actions={
        report && (
          <>
            {may("scenarios:write") && (
              <button type="button" class="button danger" disabled={action.busy} onClick={() => void remove()}>
                Delete …
              </button>
            )}
            <button type="button" class="button" onClick={() => print()}>
              Print
            </button>
          </>
        )
      }
    >
      <ProblemNote problem={read.problem ?? content.problem ?? action.problem} retry={read.reload} />
      {report && <Links report={id} links={report.links} changed={read.reload} />}
      {content.value === undefined ? !content.problem && <Waiting what="the report" height={500} /> : <Frozen document={content.value} query={query} change={change} />}
    </Page>
  );
}

function Links(props: { report: string; links: readonly Link[]; changed: () => void }) {
  const [days, setDays] = useState("30");
  const [address, setAddress] = useState("");
  const action = useAction();
  const path = { report_id: props.report };
  const make = (): void =>
    void action
      .run(async () => {
        const { data } = await answer(api.POST("/v1/reports/{report_id}/links", { params: { path }, body: { days: Number(days) } }));
        // Behind the mark, where no server and no log sees it.
        setAddress(`${location.origin}${SHARED}#${data.key}`);
      })
      .then(props.changed);
  const revoke = (link: Link): void =>
    void action
      .run(async () => {
        const call = await api.DELETE("/v1/reports/{report_id}/links/{link_id}", { params: { path: { ...path, link_id: link.id } } });
        if (!call.response.ok) throw Problem.from(call.response, call.error);
      })
      .then(props.changed);
  return (
    <section class="screen-only">
      <Card title="Links">
        <div class="stack">
          <p class="soft">Whoever has a link sees this report and nothing else, without an account, until it expires or is revoked.</p>
          {address && (
            <div class="note good" role="status">
              <b>The link is shown this once.</b>
              <code class="break">{address}</code>
              <span>
                <Copy label="Copy the link" text={address} />
              </span>
            </div>
          )}
          <ProblemNote problem={action.problem} />
          <ul class="stack close">
            {props.links.map((link) => {
              const ended = link.revoked_at !== null || Date.parse(link.expires_at) <= Date.now();
              return (
                <li key={link.id} class="line between">
                  <span>
                    Made by {link.created_by}, <Moment value={link.created_at} />;{" "}
                    {link.revoked_at ? (
                      <>
                        revoked by {link.revoked_by}, <Moment value={link.revoked_at} />
                      </>
                    ) : (
                      <>
                        until <Moment value={link.expires_at} exact />
                      </>
                    )}
                  </span>
                  <span class="line">
                    <Badge state={ended ? "ENDED" : "ENABLED"}>{ended ? "Opens nothing" : "Opens it"}</Badge>
                    {!ended && may("scenarios:write") && (
                      <button type="button" class="button small" disabled={action.busy} onClick={() => revoke(link)}>
                        Revoke
                      </button>
                    )}
                  </span>
                </li>
              );
            })}
          </ul>
          {may("scenarios:write") && (
            <div class="tools">
              <Choice
                label="Expires"
                value={days}
                onChange={setDays}
                options={[
                  ["7", "in a week"],
                  ["30", "in 30 days"],
                  ["90", "in 90 days"],
                  ["366", "in a year"],
                ]}
              />
              <button type="button" class="button" style={{ alignSelf: "end" }} disabled={action.busy} onClick={make}>
                Make a link
              </button>
            </div>
          )}
        </div>
      </Card>
    </section>
  );
}
