/** Many values in few pixels: a column of the drawing for as many of them as it has room for. */

export interface Column {
  /** The place of its middle. */
  at: number;
  low: number;
  high: number;
  mean: number;
}

/** `values` in at most `columns` columns; each keeps its lowest and highest, so that no peak is lost. What has no value is left out. */
export function columnsOf(values: readonly (number | null)[], columns: number): Column[] {
  const wide = Math.max(1, Math.ceil(values.length / Math.max(1, columns)));
  const made: Column[] = [];
  for (let first = 0; first < values.length; first += wide) {
    const last = Math.min(values.length, first + wide) - 1;
    let low = Infinity;
    let high = -Infinity;
    let sum = 0;
    let count = 0;
    for (let place = first; place <= last; place += 1) {
      const value = values[place];
      if (value === null || value === undefined) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
      count += 1;
    }
    if (count > 0) made.push({ at: (first + last) / 2, low, high, mean: sum / count });
  }
  return made;
}
