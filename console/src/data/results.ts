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

/** A metric of several runs, each run's values by day. */
export interface Side {
  metric: string;
  unit: string;
  t: string[];
  runs: (number | null)[][];
}

/** Some metrics of runs beside one another, as one question: without tags, in the order in which they are named. */
export async function readSide(runs: readonly { id: string; scenario_id: string }[], metrics: readonly string[], signal: AbortSignal): Promise<Side[]> {
  const [first, ...others] = runs;
  if (first === undefined) return [];
  let sides: (Side & { tags: Record<string, string> })[];
  if (others.length === 0) {
    sides = (await readSeries(first.scenario_id, first.id, signal)).map((series) => ({ ...series, runs: [series.v] }));
  } else {
    const query = { baseline: first.id, runs: others.map((run) => run.id).join(","), metric: metrics.join(","), shape: "series" };
    const call = api.GET("/v1/compare", { params: { query: query as never }, signal });
    const { series } = ((await answer(call)) as Schema<"ComparisonEnvelope">).data;
    sides = (series ?? []).map((one) => ({ ...one, runs: [one.baseline.v, ...one.runs.map((run) => run.v)] }));
  }
  const plain = sides.filter((side) => Object.keys(side.tags).length === 0);
  return metrics.flatMap((name) => plain.find((side) => side.metric === name) ?? []);
}

export async function readComparison(baseline: string, runs: readonly string[], signal: AbortSignal) {
  const call = api.GET("/v1/compare", { params: { query: { baseline, runs: runs.join(","), shape: "series" } as never }, signal });
  return (await answer(call)) as Schema<"ComparisonEnvelope">;
}

/** Downloads the API's own file of an address of it. */
export async function download(path: string, name: string): Promise<void> {
  const response = await signedFetch(new Request(new URL(path, location.origin)));
  if (!response.ok) {
    throw Problem.from(response, await response.json().catch(() => null));
  }
  save(await response.blob(), name);
}
