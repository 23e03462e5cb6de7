import { answer, api, type Schema } from "../api/client";

/** A version of a scenario, as runs keep it. */
export async function readVersion(scenario: string, version: number, signal: AbortSignal): Promise<Schema<"VersionBody">> {
  const path = { scenario_id: scenario, version };
  return (await answer(api.GET("/v1/scenarios/{scenario_id}/versions/{version}", { params: { path }, signal }))).data;
}
