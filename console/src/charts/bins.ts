/** Values counted in bins of one width. */

export interface Bins {
  low: number;
  width: number;
  counts: readonly number[];
}

const FEWEST = 8;
const MOST = 48;

/** Bins as wide as Freedman and Diaconis say (2·IQR/∛n), which outliers do not widen; 8 to 48 of them over all values. */
export function binsOf(values: readonly number[]): Bins {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = low] = [sorted[0], sorted.at(-1)];
  if (!(high > low)) return { low: low - 0.5, width: 1, counts: [values.length] };
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? low;
  const fitting = (2 * (at(0.75) - at(0.25))) / Math.cbrt(sorted.length);
  const number = Math.min(MOST, Math.max(FEWEST, fitting > 0 ? Math.ceil((high - low) / fitting) : MOST));
  const width = (high - low) / number;
  const counts = new Array<number>(number).fill(0);
  for (const value of sorted) {
    const bin = Math.min(number - 1, Math.floor((value - low) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { low, width, counts };
}
