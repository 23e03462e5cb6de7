/** What differs between two documents, a line for each place. */
import { assumptionLine } from "../../format/words";

export interface Difference {
  path: string;
  change: string;
  before: unknown;
  after: unknown;
}

const SIGNS: Record<string, string> = { ADDED: "added", REMOVED: "taken away", CHANGED: "changed", MOVED: "moved" };

export function Differences(props: { of: readonly Difference[] }) {
  if (props.of.length === 0) return <p class="soft">Nothing differs.</p>;
  return (
    <ul class="stack" style={{ gap: "9px" }}>
      {props.of.map((difference) => (
        <li key={difference.path + difference.change} class="stack" style={{ gap: "1px" }}>
          <span class="quiet small">
            <code>{difference.path}</code> {SIGNS[difference.change] ?? difference.change.toLowerCase()}
          </span>
          <span>
            {difference.change === "ADDED" ? (
              <b>{shown(difference.after)}</b>
            ) : difference.change === "REMOVED" ? (
              <s>{shown(difference.before)}</s>
            ) : (
              <>
                {shown(difference.before)} → <b>{shown(difference.after)}</b>
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null && "driver_type" in value && "payload" in value) {
    return assumptionLine(value);
  }
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "–" : JSON.stringify(value);
}
