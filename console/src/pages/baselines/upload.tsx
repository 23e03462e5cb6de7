/** Stores a baseline from files that are dropped, with what is wrong told row by row. */
import { useId, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { answer, api, once } from "../../api/client";
import { Problem } from "../../api/problem";
import { useAction } from "../../api/use";
import { quantity } from "../../format/numbers";
import { words } from "../../format/words";
import { to } from "../../ui/address";
import { Text } from "../../ui/field";
import { Card, ProblemNote } from "../../ui/parts";

const TABLES = ["units", "load", "profiles", "prices", "storage"] as const;
const NEEDED = new Set<string>(["units", "load"]);
/** What is larger goes to a link of its own. */
const IN_BODY = 150_000;

type TableName = (typeof TABLES)[number];

export function Upload(props: { stored: () => void }) {
  const { route } = useLocation();
  const [name, setName] = useState("");
  const [currency, setCurrency] = useState("");
  const [files, setFiles] = useState<Partial<Record<TableName, File>>>({});
  const [over, setOver] = useState(false);
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const action = useAction();

  const take = (list: FileList | null): void => {
    const next = { ...files };
    for (const file of list ?? []) {
      // A file is told by its name; the first table without one takes what says nothing.
      const table = TABLES.find((one) => file.name.toLowerCase().includes(one.replace(/s$/, ""))) ?? TABLES.find((one) => next[one] === undefined);
      if (table !== undefined) next[table] = file;
    }
    setFiles(next);
    action.clear();
  };
  const store = (): void =>
    void action.run(async () => {
      const tables = Object.fromEntries(await Promise.all(Object.entries(files).map(async ([table, file]) => [table, await sourceOf(file)] as const)));
      const body = { name, tables, ...(currency && { currency }) };
      const stored = await answer(api.POST("/v1/baselines", { body: body as never, headers: once() }));
      setWarnings(stored.meta.warnings.map((warning) => warning.message));
      props.stored();
      if (stored.meta.warnings.length === 0) route(to(`/baselines/${stored.data.id}`));
    });
  const missing = TABLES.filter((table) => NEEDED.has(table) && files[table] === undefined);
  return (
    <Card title="Store a baseline">
      <div class="stack">
        <div class="form">
          <Text label="Name" value={name} onInput={setName} hint="A name that exists gets its next version." wrong={action.problem?.of("name")} />
          <Text label="Currency" value={currency} placeholder="EUR" onInput={(value) => setCurrency(value.toUpperCase())} hint="Of the tables' money; ISO 4217." wrong={action.problem?.of("currency")} maxLength={3} />
        </div>
        <div
          class={`drop${over ? " over" : ""}`}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            take(event.dataTransfer?.files ?? null);
          }}
        >
          <p>
            <b>Drop the tables here</b>, as CSV or Parquet.
          </p>
          <p class="quiet small">Units and load must be there; profiles, prices and storage may. Each file is told by its name.</p>
          <Files table={undefined} take={take} label="Choose files" />
        </div>
        {Object.keys(files).length > 0 && (
          <ul class="stack close">
            {TABLES.map((table) => {
              const file = files[table];
              return file === undefined ? null : (
                <li key={table} class="line between">
                  <span>
                    <b>{words(table)}</b> <span class="soft">{file.name}</span> <span class="quiet small">{quantity(file.size, "bytes")}</span>
                  </span>
                  <button
                    type="button"
                    class="button plain small"
                    onClick={() => setFiles(Object.fromEntries(Object.entries(files).filter(([other]) => other !== table)))}
                    aria-label={`Take away ${table}`}
                  >
                    Take away
                  </button>
                </li>
              );
            })}
          </ul>
        )}
        <ProblemNote problem={action.problem} />
        {warnings.length > 0 && (
          <div class="note warn" role="status">
            <b>Stored. What was assumed:</b>
            <ul>
              {warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </div>
        )}
        <div class="line between">
          <span class="quiet small">{missing.length > 0 ? `Still missing: ${missing.join(", ")}` : ""}</span>
          <button type="button" class="button first" disabled={action.busy || name === "" || missing.length > 0} onClick={store}>
            {action.busy ? "Reading the tables …" : "Store"}
          </button>
        </div>
      </div>
    </Card>
  );
}

function Files(props: { table: TableName | undefined; take: (list: FileList | null) => void; label: string }) {
  const id = useId();
  return (
    <span>
      <label class="button small" for={id}>
        {props.label}
      </label>
      <input class="hidden-text" id={id} type="file" multiple accept=".csv,.tsv,.txt,.parquet" onChange={(event) => props.take(event.currentTarget.files)} />
    </span>
  );
}

/** How the API is given a table: in the body where it is small, else by a link that takes it. */
async function sourceOf(file: File): Promise<Record<string, string>> {
  const parquet = file.name.endsWith(".parquet");
  if (file.size <= IN_BODY) return parquet ? { parquet_base64: base64(await file.arrayBuffer()) } : { csv: await file.text() };
  const upload = (await answer(api.POST("/v1/baselines/uploads", {}))).data;
  let sent: Response;
  try {
    sent = await fetch(upload.url, { method: upload.method, body: file });
  } catch (error) {
    throw new Problem(0, "upload_failed", `${file.name} could not be sent`, error instanceof Error ? error.message : "", "");
  }
  if (!sent.ok) throw new Problem(sent.status, "upload_failed", `${file.name} could not be sent`, `The store answered ${sent.status}.`, "");
  return { upload_id: upload.upload_id };
}

function base64(bytes: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text);
}
