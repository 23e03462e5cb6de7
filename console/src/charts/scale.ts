/** Scales of axes, without a page. */

/** Round values that enclose `low` to `high`, about `about` of them. */
export function ticks(low: number, high: number, about = 5): number[] {
  if (!(high > low)) return ticks(low - (Math.abs(low) || 1) / 2, low + (Math.abs(low) || 1) / 2, about);
  const raw = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((times) => times * power >= raw * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Whole multiples, so that no error adds up.
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** Where the axis of these values begins and ends: from 0 where that costs no more than half of the room. */
export function extent(values: Iterable<number | null | undefined>, fromZero = false): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null || value === undefined || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low === high && low === 0) return [0, 1];
  if (fromZero || (low > 0 && low < (high - low) * 1.5)) low = Math.min(0, low);
  if (fromZero || (high < 0 && -high < (high - low) * 1.5)) high = Math.max(0, high);
  return [low, high];
}

/** Where an axis ends that a tenth of the values at most tower over, so that the others can be told apart; undefined where none does. */
export function below(values: readonly (number | null)[]): number | undefined {
  const falling = values.filter((value) => value !== null).sort((a, b) => b - a);
  const usual = TOWERS * (falling[Math.ceil(falling.length / 10)] ?? 0);
  if (usual <= 0 || (falling[0] ?? 0) <= usual) return undefined;
  return 1.1 * (falling.find((value) => value <= usual) ?? usual);
}

const TOWERS = 4;

export interface Axis {
  at: (value: number) => number;
  ticks: number[];
}

/** A linear axis whose ends are round, from pixel `from` to pixel `end`. */
export function linear(low: number, high: number, from: number, end: number, about = 5): Axis {
  const steps = ticks(low, high, about);
  const first = steps[0] ?? 0;
  const span = (steps.at(-1) ?? 1) - first || 1;
  return { at: (value) => from + ((value - first) / span) * (end - from), ticks: steps };
}

/** Which of `count` labels are shown so that each has `room` pixels. */
export function spaced(count: number, width: number, room: number): (place: number) => boolean {
  const every = Math.max(1, Math.ceil((count * room) / Math.max(1, width)));
  return (place) => place % every === 0;
}

/** Moves labels apart that stand nearer than `gap`, keeping their order, within `low` to `high`. */
export function apart(places: readonly number[], gap: number, low: number, high: number): number[] {
  const order = places.map((_, index) => index).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const moved = [...places];
  let floor = low;
  for (const index of order) {
    moved[index] = Math.max(floor, moved[index] ?? 0);
    floor = (moved[index] ?? 0) + gap;
  }
  let ceiling = high;
  for (const index of order.toReversed()) {
    moved[index] = Math.min(ceiling, moved[index] ?? 0);
    ceiling = (moved[index] ?? 0) - gap;
  }
  return moved;
}
