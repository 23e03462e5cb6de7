/** A report as whoever has its link sees it: nobody is signed in. */
import { useState } from "preact/hooks";
import { answer, api } from "../../api/client";
import { useAnswer } from "../../api/use";
import { Moment, Page, ProblemNote, Waiting } from "../../ui/parts";
import { type Document, Frozen } from "./document";

export function Shared() {
  const key = location.hash.slice(1);
  const [query, setQuery] = useState<Record<string, string>>({});
  const change = (changes: Record<string, string | undefined>): void => {
    const kept = Object.entries({ ...query, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined);
    setQuery(Object.fromEntries(kept));
  };
  const read = useAnswer("shared report", async (signal) => await answer<Document>(api.GET("/v1/shared-report", { params: { header: { "X-Report-Key": key } }, signal })));
  const document = read.value;
  return (
    <main class="main shared">
      <Page
        title={document?.title ?? "Report"}
        about={
          document && (
            <>
              Frozen <Moment value={document.frozen_at} exact />
            </>
          )
        }
        actions={
          document && (
            <button type="button" class="button" onClick={() => print()}>
              Print
            </button>
          )
        }
      >
        <ProblemNote problem={read.problem} retry={read.reload} />
        {document === undefined ? !read.problem && <Waiting what="the report" height={500} /> : <Frozen document={document} query={query} change={change} />}
      </Page>
    </main>
  );
}
