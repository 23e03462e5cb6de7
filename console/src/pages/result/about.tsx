/** What the model says of its result: from what it was computed, how sure it is, and what it leaves out. */
import type { Result } from "../../data/results";
import { count } from "../../format/numbers";
import { words } from "../../format/words";
import { Card, Facts, Id, Moment } from "../../ui/parts";

export function About(props: { result: Result; swept: readonly (readonly [string, string])[] }) {
  const { result, swept } = props;
  const warnings = result.warnings ?? [];
  const limits = result.limits ?? [];
  return (
    <div class="grid top-aligned">
      <Card title="Computed from">
        <Facts
          of={[
            ["Model", `${result.model ?? "–"} ${result.model_version ?? ""}`],
            ["Baseline", baseline(result)],
            ...(result.baseline?.digest ? ([["Digest", <Id value={result.baseline.digest} />]] as const) : []),
            ["Money", `${result.currency ?? "–"}${result.price_year ? ` of ${result.price_year}` : ""}`],
            ["Draws", result.draws ? `${count(result.draws)}, seed ${result.seed}` : "none: nothing is random"],
            ["Rows", result.output_rows === null ? "–" : count(result.output_rows)],
            ["Run", <Id value={result.run_id} />],
            ["Computed", <Moment value={result.completed_at} exact />],
          ]}
        />
      </Card>
      <Card title="Parameters">
        <Facts
          of={[
            ...swept.map(([name, values]) => [words(name), <b>{values}</b>] as const),
            // Of a result that an earlier version stored, the first part's.
            ...Object.entries(result.parameters ?? {})
              .filter(([name]) => swept.every(([one]) => one !== name))
              .map(([name, value]) => [words(name), shown(value)] as const),
          ]}
        />
      </Card>
      <Card title="Certificate">
        {certificate(result)}
      </Card>
      <Card title="What the model leaves out">
        {warnings.length > 0 && (
          <ul class="note warn">
            {warnings.map((warning) => (
              <li key={JSON.stringify(warning)}>{said(warning)}</li>
            ))}
          </ul>
        )}
        <ul class="stack close small">
          {limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
          {limits.length === 0 && <li class="soft">It says nothing of it.</li>}
        </ul>
      </Card>
    </div>
  );
}

function baseline(result: Result): string {
  if (!result.baseline) return "–";
  return `${result.baseline.name}${result.baseline.version ? `, version ${result.baseline.version}` : ""}${result.baseline.illustrative ? " (illustrative)" : ""}`;
}

function certificate(result: Result) {
  const said = result.certificate as Record<string, unknown> | null | undefined;
  if (!said) return <p class="soft">The model gives none.</p>;
  const gap = typeof said.largest_gap === "number" ? said.largest_gap : undefined;
  return (
    <div class="stack">
      {gap !== undefined && (
        <p>
          {gap <= 1e-9 ? (
            <>
              <b>Optimal.</b> In every year the cost of dispatch equals the lower bound that was proved for it.
            </>
          ) : (
            <>
              The cost of dispatch is at most <b>{(gap * 100).toPrecision(2)} %</b> above the lower bound that was proved for it.
            </>
          )}
        </p>
      )}
      <Facts of={Object.entries(said).map(([name, value]) => [words(name), shown(value)] as const)} />
    </div>
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    const [first, ...others] = value as unknown[];
    const inTurn = typeof first === "number" && others.length > 1 && others.every((one, place) => one === first + place + 1);
    return inTurn ? `${first} to ${first + others.length}` : value.map(shown).join(", ");
  }
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : typeof value === "boolean" ? (value ? "yes" : "no") : JSON.stringify(value);
}

function said(warning: unknown): string {
  if (typeof warning === "string") return warning;
  const message = (warning as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : JSON.stringify(warning);
}
