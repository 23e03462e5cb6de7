/** What the API says of a draft as one writes it: what is wrong, what may not be meant, and how much work a run of it is. */
import { useEffect, useState } from "preact/hooks";
import { answer, api } from "../../../api/client";
import { Problem } from "../../../api/problem";
import type { Draft } from "../../../data/scenarios";
import { duration } from "../../../format/times";
import type { Known } from "./names";

const PAUSE = 400;

export interface Judged {
  problem: Problem | undefined;
  warnings: readonly string[];
  workSeconds: number | null;
  asking: boolean;
}

/** What the API says of the draft, once the reader pauses. */
export function useVerdict(draft: Draft, touched: boolean): Judged {
  const [judged, setJudged] = useState<Judged>({ problem: undefined, warnings: [], workSeconds: null, asking: false });
  const text = JSON.stringify(draft);
  useEffect(() => {
    if (!touched) return undefined;
    const controller = new AbortController();
    setJudged((before) => ({ ...before, asking: true }));
    const timer = setTimeout(() => {
      answer(api.POST("/v1/scenarios:validate", { body: JSON.parse(text) as never, signal: controller.signal })).then(
        (said) => {
          const warnings = ((said.meta as { warnings?: { message?: string }[] }).warnings ?? []).map((warning) => warning.message ?? JSON.stringify(warning));
          setJudged({ problem: undefined, warnings, workSeconds: said.data.work_seconds, asking: false });
        },
        (error: unknown) => {
          if (!controller.signal.aborted) setJudged({ problem: Problem.caught(error), warnings: [], workSeconds: null, asking: false });
        },
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, touched]);
  return judged;
}

export function Verdict(props: { verdict: Judged; touched: boolean; known: Known }) {
  const { verdict, known } = props;
  const count = verdict.problem?.errors.length ?? 0;
  return (
    <div class={`note ${verdict.problem ? "bad" : verdict.warnings.length > 0 ? "warn" : ""}`} role="status">
      {!props.touched ? (
        <span>Nothing changed yet.</span>
      ) : verdict.problem ? (
        <>
          <b>{count === 0 ? verdict.problem.title : count === 1 ? "One field is wrong" : `${count} fields are wrong`}</b>
          {count === 0 ? (
            <span>{verdict.problem.detail}</span>
          ) : (
            <ul>
              {verdict.problem.errors.map((error) => (
                <li key={error.path + error.rule}>
                  <code>{error.path}</code> {error.message}
                </li>
              ))}
            </ul>
          )}
        </>
      ) : (
        <>
          <b>{verdict.asking ? "Checking …" : verdict.warnings.length > 0 ? "It can be run, but" : "It can be run"}</b>
          {verdict.warnings.map((warning) => (
            <span key={warning}>{warning}</span>
          ))}
          {verdict.workSeconds !== null && <span class="small">A run of it is about {duration(verdict.workSeconds)} of work for one worker.</span>}
        </>
      )}
      {known.vocabulary && (
        <span class="small">
          On {known.chosen}: {known.vocabulary.years[0]} to {known.vocabulary.years[1]}
          {known.vocabulary.fuels.length > 0 && `; fuels ${known.vocabulary.fuels.join(", ")}`}.
        </span>
      )}
    </div>
  );
}
