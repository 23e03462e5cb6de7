/** What one sees stands in the address, so that a link, a reload and Back restore it. */
import { useCallback } from "preact/hooks";
import { useLocation } from "preact-iso";

const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");

/** The address of a page of the console, with what its query says. */
export function to(path: string, query: Record<string, string | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  const text = parameters.toString().replaceAll("%2C", ",");
  return BASE + path + (text ? `?${text}` : "");
}

/** The query of the address, and how to change it: a change replaces the address, `push` makes a step for Back. */
export function useQuery(): [Record<string, string>, (changes: Record<string, string | undefined>, push?: boolean) => void] {
  const { path, query, route } = useLocation();
  const change = useCallback(
    (changes: Record<string, string | undefined>, push = false) => {
      // What stands there now, not what was there when this was made.
      const present = Object.fromEntries(new URLSearchParams(location.search));
      route(to(path.slice(BASE.length), { ...present, ...changes }), !push);
    },
    [path, route],
  );
  return [query, change];
}
