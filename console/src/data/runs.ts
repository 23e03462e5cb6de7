/** Runs: reading, asking for and ending them. */
import { answer, api, once, type Schema } from "../api/client";

export type Run = Schema<"ListedRunBody">;
export type LiveRun = Schema<"LiveRunBody">;

export const STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] as const;

export function underWay(run: { state: string }): boolean {
  return run.state === "QUEUED" || run.state === "RUNNING";
}

export function runsPage(
  query: { state?: string | undefined; scenario_id?: string | undefined; created_by?: string | undefined; limit?: number },
  cursor: string | undefined,
  signal: AbortSignal,
) {
  return answer(api.GET("/v1/runs", { params: { query: { limit: 100, ...query, ...(cursor && { cursor }) } }, signal }));
}

export async function readRun(id: string, signal: AbortSignal): Promise<LiveRun> {
  return (await answer(api.GET("/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal }))).data;
}

export async function requestRun(scenario: string, options: Record<string, unknown> = {}): Promise<string> {
  const asked = await answer(
    api.POST("/v1/scenarios/{scenario_id}/run", { params: { path: { scenario_id: scenario } }, body: options as never, headers: once() }),
  );
  const { id } = asked.data as { id?: string };
  if (id === undefined) throw new Error("The database is away: the run is kept, and is carried out once it is back.");
  return id;
}

export async function cancelRun(id: string): Promise<void> {
  await answer(api.POST("/v1/runs/{run_id}/cancel", { params: { path: { run_id: id } } }));
}

/** Why a run failed, in words. */
export function errorWords(error: Record<string, unknown> | null): string {
  if (error === null) return "";
  const said = [error.detail, error.message, error.reason, error.code].find((part) => typeof part === "string" && part !== "");
  return typeof said === "string" ? said : JSON.stringify(error);
}
