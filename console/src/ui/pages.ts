/** The items of a list of the API, page by page, the first one read anew when something changed. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";

interface PageOf<Item> {
  data: Item[];
  meta: { next_cursor?: string | null | undefined };
}

interface Held<Item> {
  key: string;
  items: Item[];
  next: string | undefined;
}

const held = new Map<string, Held<unknown>>();

export interface Paged<Item> {
  items: readonly Item[] | undefined;
  problem: Problem | undefined;
  loading: boolean;
  more: (() => void) | undefined;
  reload: () => void;
}

/** All pages of `load` under `key`. What was read stays for Back; `id` tells which items are the same. */
export function usePages<Item>(
  key: string,
  id: (item: Item) => string,
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<PageOf<Item>>,
): Paged<Item> {
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<Problem | undefined>();
  const loading = useRef(false);
  // Whether the first page is to be read anew once what is on its way is there.
  const again = useRef(false);
  const loader = useRef(load);
  loader.current = load;
  const now = held.get(key) as Held<Item> | undefined;

  const read = useCallback(
    async (cursor: string | undefined, signal: AbortSignal): Promise<void> => {
      if (loading.current) {
        again.current ||= cursor === undefined;
        return;
      }
      loading.current = true;
      try {
        const page = await loader.current(cursor, signal);
        if (signal.aborted) return;
        const before = held.get(key) as Held<Item> | undefined;
        const next = page.meta.next_cursor ?? undefined;
        held.set(key, cursor === undefined ? first(key, page.data, next, before, id) : joined(key, before, page.data, next));
        setProblem(undefined);
      } catch (error) {
        if (!signal.aborted) setProblem(Problem.caught(error));
      } finally {
        if (!signal.aborted) {
          loading.current = false;
          redraw((count) => count + 1);
          if (again.current) {
            again.current = false;
            void reread.current(signal);
          }
        }
      }
    },
    [key],
  );

  const reread = useRef<(signal: AbortSignal) => Promise<void>>(() => Promise.resolve());
  reread.current = (signal) => read(undefined, signal);

  const controller = useRef(new AbortController());
  useEffect(() => {
    controller.current = new AbortController();
    loading.current = false;
    again.current = false;
    void read(undefined, controller.current.signal);
    return () => controller.current.abort();
  }, [read]);

  const next = now?.next;
  const more = useCallback(() => {
    if (next !== undefined && !loading.current) void read(next, controller.current.signal);
  }, [next, read]);
  const reload = useCallback(() => void read(undefined, controller.current.signal), [read]);
  return { items: now?.items, problem, loading: loading.current, more: next === undefined ? undefined : more, reload };
}

/** The first page anew: items that were read beyond it stay behind it. */
function first<Item>(key: string, page: Item[], next: string | undefined, before: Held<Item> | undefined, id: (item: Item) => string): Held<Item> {
  if (before === undefined || next === undefined || before.items.length <= page.length) return { key, items: page, next };
  const fresh = new Set(page.map(id));
  const last = page.at(-1);
  const place = last === undefined ? -1 : before.items.findIndex((item) => id(item) === id(last));
  if (place < 0) return { key, items: page, next };
  return { key, items: [...page, ...before.items.slice(place + 1).filter((item) => !fresh.has(id(item)))], next: before.next };
}

function joined<Item>(key: string, before: Held<Item> | undefined, page: Item[], next: string | undefined): Held<Item> {
  return { key, items: [...(before?.items ?? []), ...page], next };
}
