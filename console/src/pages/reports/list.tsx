/** Comparisons that were frozen. */
import { answer, api, type Schema } from "../../api/client";
import { several } from "../../format/numbers";
import { to } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { usePages } from "../../ui/pages";
import { Card, Empty, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";

type Report = Schema<"ReportBody">;

const COLUMNS: Column<Report>[] = [
  {
    title: "Report",
    width: "3fr",
    lead: true,
    cell: (report) => (
      <>
        <a href={to(`/reports/${report.id}`)}>{report.title}</a>
        <small>{report.notes}</small>
      </>
    ),
  },
  { title: "Compares", width: "100px", end: true, wideOnly: true, cell: (report) => several(report.run_ids.length + 1, "run") },
  { title: "Frozen by", width: "1fr", wideOnly: true, cell: (report) => report.created_by },
  { title: "Frozen", width: "120px", end: true, cell: (report) => <Moment value={report.created_at} /> },
];

export function Reports() {
  const pages = usePages(
    "reports",
    (one: Report) => one.id,
    (cursor, signal) => answer(api.GET("/v1/reports", { params: { query: { limit: 100, ...(cursor && { cursor }) } }, signal })),
  );
  return (
    <Page title="Reports" about="A report is a comparison as it was when somebody froze it, with what they said of it.">
      <ProblemNote problem={pages.problem} retry={pages.reload} />
      <Card flush>
        {pages.items === undefined ? (
          !pages.problem && <Waiting what="reports" />
        ) : pages.items.length === 0 ? (
          <Empty title="No report yet">
            <p>Compare some runs, and freeze what you see.</p>
            <a class="button" href={to("/compare")}>
              To the comparison
            </a>
          </Empty>
        ) : (
          <List label="Reports" columns={COLUMNS} rows={pages.items} id={(report) => report.id} more={pages.more} loading={pages.loading} />
        )}
      </Card>
    </Page>
  );
}
