/** What a run computed: its series, and what the model says of them. */
import { answer, api, type Schema, signedFetch } from "../api/client";
import { Problem } from "../api/problem";
import { save } from "../charts/picture";

export type Result = Schema<"ResultBody">;

/** The values of a metric of a run with the same tags, by day. */
export interface Series {
  metric: string;
  tags: Record<string, string>;
  unit: string;
  run_id: string;
  t: string[];
  v: (number | null)[];
  lo?: (number | null)[] | null;
  hi?: (number | null)[] | null;
}

export async function readResult(run: string, signal: AbortSignal): Promise<Result> {
  return (await answer(api.GET("/v1/runs/{run_id}/result", { params: { path: { run_id: run } }, signal }))).data;
}

export async function readSeries(scenario: string, run: string, signal: AbortSignal): Promise<Series[]> {
  const call = api.GET("/v1/scenarios/{scenario_id}/outputs", {
    params: { path: { scenario_id: scenario }, query: { runs: run, shape: "series" } as never },
    signal,
  });
  return ((await answer(call)) as unknown as { data: Series[] }).data;
}

/** Where the API has the hours of a year of a metric of a run. */
export function hoursAddress(scenario: string, run: string, metric: string, year: string): string {
  return `/v1/scenarios/${scenario}/outputs?resolution=hour&runs=${run}&metric=${metric}&start=${year}-01-01&end=${year}-12-31`;
}

/** The hours of a year of a metric: each series' values in the order of the hours. */
export async function readHours(scenario: string, run: string, metric: string, year: string, signal: AbortSignal): Promise<Series[]> {
  const query = { resolution: "hour", shape: "series", runs: run, metric, start: `${year}-01-01`, end: `${year}-12-31` };
  const call = api.GET("/v1/scenarios/{scenario_id}/outputs", { params: { path: { scenario_id: scenario }, query: query as never }, signal });
  return ((await answer(call)) as unknown as { data: Series[] }).data;
}

export async function readComparison(baseline: string, runs: readonly string[], signal: AbortSignal) {
  const call = api.GET("/v1/compare", { params: { query: { baseline, runs: runs.join(",") } as never }, signal });
  return ((await answer(call)) as Schema<"ComparisonEnvelope">).data;
}

/** Downloads the API's own file of an address of it. */
export async function download(path: string, name: string): Promise<void> {
  const response = await signedFetch(new Request(new URL(path, location.origin)));
  if (!response.ok) {
    throw Problem.from(response, await response.json().catch(() => null));
  }
  save(await response.blob(), name);
}
