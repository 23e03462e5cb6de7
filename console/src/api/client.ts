/** The public API, with the types of its own document: the console has no other way to any data. */
import { signal } from "@preact/signals";
import createClient from "openapi-fetch";
import { credentials, expired, renew } from "../session/session";
import { Problem } from "./problem";
import type { components, paths } from "./schema";

export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** Whether the last request got an answer. */
export const reachable = signal(true);

/** `fetch` with the reader's token, renewed once where it is refused. */
export async function signedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  let answer = await answered(request);
  if (answer.status === 401) {
    if (!(await renew())) {
      await expired();
      throw new Problem(401, "unauthorized", "You are signed out", "Signing in again …", "");
    }
    answer = await answered(again);
  }
  return answer;
}

async function answered(request: Request): Promise<Response> {
  for (const [name, value] of Object.entries(credentials())) request.headers.set(name, value);
  try {
    const answer = await fetch(request);
    // The gateway's own 502 to 504: nothing stands behind it.
    reachable.value = ![502, 503, 504].includes(answer.status) || answer.headers.has("x-request-id");
    return answer;
  } catch (error) {
    if (!request.signal.aborted) reachable.value = false;
    throw error;
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: signedFetch });

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** What a call answers; throws the `Problem` where it fails. */
export async function answer<Data>(call: Promise<Outcome<Data>>): Promise<NonNullable<Data>> {
  let outcome: Outcome<Data>;
  try {
    outcome = await call;
  } catch (error) {
    throw Problem.caught(error);
  }
  if (outcome.data === undefined || outcome.data === null) throw Problem.from(outcome.response, outcome.error);
  return outcome.data;
}

/** A key that makes repeating a POST safe. */
export function once(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}
