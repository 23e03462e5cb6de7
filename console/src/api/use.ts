/** Answers in components: what was there before stays until the new answer comes, so Back shows the same picture at once. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./problem";

const KEPT = 200;
const kept = new Map<string, unknown>();

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value ?? "");
}

const ahead = new Map<string, Promise<unknown>>();

/** Asks for what `useAnswer` will ask for under `key`, while the page that shows it is not there yet. */
export function askAhead(key: string, load: (signal: AbortSignal) => Promise<unknown>): void {
  const asked = load(new AbortController().signal);
  // Whoever takes it is told of what went wrong.
  asked.catch(() => undefined);
  ahead.set(key, asked);
}

export interface Answer<Value> {
  value: Value | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

/** The answer of `load`, asked for again whenever `key` changes; nothing is asked for where it is null. */
export function useAnswer<Value>(key: string | null, load: (signal: AbortSignal) => Promise<Value>): Answer<Value> {
  const [, redraw] = useState(0);
  const state = useRef<{ key: string | null; problem?: Problem | undefined; loading: boolean }>({ key: null, loading: false });
  const loader = useRef(load);
  loader.current = load;
  const [turn, setTurn] = useState(0);
  // Asked for while an answer is on its way, which may be of before: a slow answer is awaited, never overtaken.
  const again = useRef(false);

  if (state.current.key !== key) state.current = { key, loading: key !== null };

  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    state.current.loading = true;
    again.current = false;
    const ended = (): void => {
      redraw((count) => count + 1);
      if (again.current) setTurn((count) => count + 1);
    };
    const asked = ahead.get(key) as Promise<Value> | undefined;
    ahead.delete(key);
    (asked ?? loader.current(controller.signal)).then(
      (value) => {
        if (controller.signal.aborted) return;
        keep(key, value);
        state.current = { key, loading: false };
        ended();
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        state.current = { key, loading: false, problem: Problem.caught(error) };
        ended();
      },
    );
    return () => controller.abort();
  }, [key, turn]);

  const reload = useCallback(() => {
    if (state.current.loading) again.current = true;
    else setTurn((count) => count + 1);
  }, []);
  return {
    value: key === null ? undefined : (kept.get(key) as Value | undefined),
    problem: state.current.problem,
    loading: state.current.loading,
    reload,
  };
}

/** A change that the reader makes: its problem, and whether it is under way. */
export function useAction(): {
  busy: boolean;
  problem: Problem | undefined;
  run: (action: () => Promise<void>) => Promise<boolean>;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>();
  const run = useCallback(async (action: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await action();
      return true;
    } catch (error) {
      setProblem(Problem.caught(error));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, problem, run, clear: useCallback(() => setProblem(undefined), []) };
}
