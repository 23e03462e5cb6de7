/** Pages that follow what changes: one request that waits tells of every run and incident of the tenant. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { reachable, signedFetch } from "./client";

/** Goes up with each change that was told. */
export const changes = signal(0);
/** Whether changes are told; otherwise pages look again by themselves. */
const told = signal(false);

const WAIT = 20;
const LOOK_SOON = 1_000;
const LOOK_LATER = 15_000;
/** What changed lately goes on changing: the API tells several changes together, more than a second after the first. */
const LATELY = 5_000;
let changedAt = -Infinity;
/** After a beginning pages look again once, when they have drawn what they read first. */
const SETTLED = 2_000;

interface Told {
  data: unknown[];
  meta: { cursor: string };
}

/** The browser knows before any request does that it is cut off, and that it is back. */
function watchConnection(): void {
  addEventListener("offline", () => {
    reachable.value = false;
  });
  addEventListener("online", () => {
    reachable.value = true;
    changes.value += 1;
  });
}

let following = false;

/** Follows the changes as long as the page lives; once, however often it is called. */
export async function follow(): Promise<void> {
  if (following) return;
  following = true;
  watchConnection();
  let after: string | null = null;
  for (;;) {
    const query = after === null ? "" : `?wait=${WAIT}&after=${encodeURIComponent(after)}`;
    try {
      const response = await signedFetch(new Request(new URL(`/v1/changes${query}`, location.origin)));
      if (response.status === 404) return;
      // Too old, or of the release before: from here on anew.
      if (response.status === 410 || response.status === 400) after = null;
      if (response.ok) {
        const answer = (await response.json()) as Told;
        if (answer.data.length > 0) {
          changedAt = performance.now();
          changes.value += 1;
        } else if (after === null) {
          // What the pages read meanwhile may be of before.
          setTimeout(() => (changes.value += 1), SETTLED);
        }
        after = answer.meta.cursor;
        told.value = true;
      }
      await pause(response.ok ? Number(response.headers.get("Retry-After") ?? 0) * 1000 : 2_000);
    } catch {
      await pause(2_000);
    }
  }
}

/**
 * Calls `reload` when something changed; of what is under way also while nothing is told, since progress is no change. `ofChanges` says
 * whether what the page shows is among what is told; otherwise it looks again by itself now and then.
 */
export function useLive(reload: () => void, underWay: boolean, ofChanges = true): void {
  const call = useRef(reload);
  call.current = reload;
  useEffect(
    () =>
      changes.subscribe(
        // Not for the state that it begins with.
        ((first) => () => {
          if (first) first = false;
          else call.current();
        })(true),
      ),
    [],
  );
  useEffect(() => {
    let looked = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const moving = underWay || (ofChanges && now - changedAt < LATELY);
      if (document.visibilityState !== "visible" || (!moving && ofChanges && told.value)) return;
      if (!moving && now - looked < LOOK_LATER) return;
      looked = now;
      call.current();
    }, LOOK_SOON);
    return () => clearInterval(timer);
  }, [underWay, ofChanges]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
