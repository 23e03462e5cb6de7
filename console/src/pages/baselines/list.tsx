/** Baselines: the systems that scenarios start from. */
import { answer, api } from "../../api/client";
import { useAnswer } from "../../api/use";
import { may } from "../../session/me";
import { to } from "../../ui/address";
import { type Column, List } from "../../ui/list";
import { Card, Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { Upload } from "./upload";

interface Listed {
  key: string;
  name: string;
  version: number;
  currency: string;
  by: string;
  at: string | null;
}

export function Baselines() {
  const own = useAnswer("baselines", async (signal) => (await answer(api.GET("/v1/baselines", { params: { query: { limit: 100 } }, signal }))).data);
  const rows: Listed[] = [
    ...(own.value ?? []).map((one) => ({
      key: one.id,
      name: one.name,
      version: one.version,
      currency: typeof one.options.currency === "string" ? one.options.currency : "EUR",
      by: one.created_by,
      at: one.created_at,
    })),
    { key: "reference", name: "reference", version: 1, currency: "EUR", by: "built in", at: null },
  ];
  const columns: Column<Listed>[] = [
    { title: "Name", width: "2fr", lead: true, cell: (row) => <a href={to(`/baselines/${row.key}`)}>{row.name}</a> },
    { title: "Version", width: "90px", end: true, cell: (row) => row.version },
    { title: "Money", width: "80px", wideOnly: true, cell: (row) => row.currency },
    { title: "By", width: "1fr", wideOnly: true, cell: (row) => row.by },
    { title: "Stored", width: "130px", end: true, wideOnly: true, cell: (row) => <Moment value={row.at} /> },
  ];
  return (
    <Page title="Baselines" about="A baseline is a power system as tables: units, load, profiles, prices, storages. A scenario names the one it starts from.">
      <ProblemNote problem={own.problem} retry={own.reload} />
      {own.value === undefined && !own.problem ? (
        <Waiting what="baselines" />
      ) : (
        <Card flush>
          <List label="Baselines" columns={columns} rows={rows} id={(row) => row.key} />
        </Card>
      )}
      {may("scenarios:write") && <Upload stored={own.reload} />}
    </Page>
  );
}
