/** The series of a result by what they are of, and laid over the same years. */
import type { Series } from "../../data/results";

/** The series of a metric that is broken down by nothing. */
export function plain(series: readonly Series[], metric: string): Series | undefined {
  return series.find((one) => one.metric === metric && Object.keys(one.tags).length === 0);
}

/** Every year that any of them has. */
export function years(series: readonly Series[]): string[] {
  return [...new Set(series.flatMap((one) => one.t))].sort().map((day) => day.slice(0, 4));
}

/** The values of a series at each of `places`. */
export function aligned(series: Series, places: readonly string[], values: readonly (number | null)[] = series.v): (number | null)[] {
  const at = new Map(series.t.map((day, index) => [day.slice(0, 4), values[index] ?? null]));
  return places.map((place) => at.get(place) ?? null);
}

/** The years from `span`'s first to its last (`2030-2035`) alone; all of them where it says nothing. */
export function within(series: readonly Series[], span: string | undefined): readonly Series[] {
  const [first, last] = (span ?? "").split("-");
  if (!first || !last) return series;
  return series.map((one) => {
    const kept = one.t.map((day) => day.slice(0, 4) >= first && day.slice(0, 4) <= last);
    // A value for all years stands on no axis.
    if (one.t.length < 2 || !kept.includes(true)) return one;
    const part = <Item,>(items: readonly Item[]): Item[] => items.filter((_, place) => kept[place]);
    return { ...one, t: part(one.t), v: part(one.v), ...(one.lo && { lo: part(one.lo) }), ...(one.hi && { hi: part(one.hi) }) };
  });
}
