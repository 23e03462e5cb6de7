/** Scenarios: reading and writing them. */
import { answer, api, once, type Schema } from "../api/client";
import { Problem } from "../api/problem";

export type Scenario = Schema<"ScenarioBody">;
export interface Draft {
  name: string;
  description: string;
  assumptions: unknown[];
  parameters: Record<string, unknown>;
  tags: string[];
}

export function scenariosPage(
  query: { name?: string | undefined; tag?: string | undefined; status?: "ACTIVE" | "ARCHIVED" | undefined; limit?: number },
  cursor: string | undefined,
  signal: AbortSignal,
) {
  return answer(api.GET("/v1/scenarios", { params: { query: { limit: 100, ...query, ...(cursor && { cursor }) } }, signal }));
}

/** The scenario, and its tag: with it a change overwrites nobody's. */
export async function readScenario(id: string, signal?: AbortSignal): Promise<{ scenario: Scenario; etag: string }> {
  const call = await api.GET("/v1/scenarios/{scenario_id}", { params: { path: { scenario_id: id } }, ...(signal && { signal }) });
  const body = (await answer(Promise.resolve(call))) as { data: Scenario };
  return { scenario: body.data, etag: call.response.headers.get("etag") ?? "" };
}

export async function createScenario(draft: Partial<Draft>): Promise<string> {
  const made = await answer(api.POST("/v1/scenarios", { body: draft as never, headers: once() }));
  return (made.data as { id: string }).id;
}

/** The scenario of this name: made now, or the one that is there. */
export async function ensureScenario(draft: Partial<Draft>): Promise<string> {
  const call = await api.POST("/v1/scenarios", { body: draft as never, headers: once() });
  if (call.data !== undefined) return (call.data.data as { id: string }).id;
  const known = (call.error as { existing_id?: unknown } | undefined)?.existing_id;
  if (call.response.status === 409 && typeof known === "string") return known;
  throw Problem.from(call.response, call.error);
}

export interface Metric {
  metric: string;
  asof_date: string;
  value: number | null;
  unit: string;
  run_id: string;
  tags: Record<string, string>;
}

/** The newest values of the scenario as it stands, or of a run. */
export async function latestMetrics(scenario: string, signal: AbortSignal, run?: string): Promise<Metric[]> {
  const query = run === undefined ? {} : { run_id: run };
  const call = api.GET("/v1/scenarios/{scenario_id}/metrics/latest", { params: { path: { scenario_id: scenario }, query }, signal });
  return ((await answer(call)) as { data: Metric[] }).data;
}
