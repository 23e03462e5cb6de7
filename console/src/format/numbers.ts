/** Numbers as people read them: a unit that fits the size, and as many digits as say something. */

export interface Scale {
  factor: number;
  unit: string;
}

/** Steps of a unit: from which size on, by what it is divided, and what it is called then. */
const LADDERS: Record<string, readonly (readonly [number, number, string])[]> = {
  MWh: [
    [1e6, 1e6, "TWh"],
    [1e3, 1e3, "GWh"],
  ],
  MW: [[1e4, 1e3, "GW"]],
  t: [
    [1e6, 1e6, "Mt"],
    [1e3, 1e3, "kt"],
  ],
  bytes: [
    [1e9, 1e9, "GB"],
    [1e6, 1e6, "MB"],
    [1e3, 1e3, "kB"],
  ],
};
const MONEY: readonly (readonly [number, number, string])[] = [
  [1e9, 1e9, "bn "],
  [1e6, 1e6, "m "],
  [1e4, 1e3, "k "],
];

/** The scale in which values up to `largest` of a unit are shown; a share (unit 1) is shown in percent. */
export function scaleOf(unit: string, largest: number): Scale {
  if (unit === "1") return { factor: 0.01, unit: "%" };
  const size = Math.abs(largest);
  if (/^[A-Z]{3}$/.test(unit)) {
    const step = MONEY.find(([from]) => size >= from);
    return step ? { factor: step[1], unit: step[2] + unit } : { factor: 1, unit };
  }
  const step = LADDERS[unit]?.find(([from]) => size >= from);
  return step ? { factor: step[1], unit: step[2] } : { factor: 1, unit };
}

const formats = new Map<string, Intl.NumberFormat>();

function format(digits: number, signed: boolean): Intl.NumberFormat {
  const key = `${digits}${signed ? "+" : ""}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.NumberFormat("en-GB", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      signDisplay: signed ? "exceptZero" : "negative",
    });
    formats.set(key, made);
  }
  return made;
}

/** Decimals that leave three to four digits of a value of this size. */
export function decimals(size: number): number {
  const magnitude = Math.abs(size);
  if (magnitude === 0 || magnitude >= 1000) return 0;
  if (magnitude >= 100) return 1;
  if (magnitude >= 1) return 2;
  return Math.min(6, 2 - Math.floor(Math.log10(magnitude)));
}

/** A value in a scale, without its unit; null is a dash. */
export function inScale(value: number | null | undefined, scale: Scale, options: { signed?: boolean; like?: number } = {}): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const shown = value / scale.factor;
  const digits = decimals((options.like ?? value) / scale.factor);
  // No −0.
  return format(digits, options.signed ?? false).format(shown === 0 ? 0 : shown).replace("-", "−");
}

/** A value with the unit that fits it. */
export function quantity(value: number | null | undefined, unit: string, options: { signed?: boolean } = {}): string {
  const scale = scaleOf(unit, value ?? 0);
  const text = inScale(value, scale, options);
  return text === "–" ? text : `${text}${scale.unit === "%" ? " %" : scale.unit === "1" ? "" : ` ${scale.unit}`}`;
}

export function percent(share: number | null | undefined, signed = false): string {
  return quantity(share, "1", { signed });
}

const whole = new Intl.NumberFormat("en-GB");

export function count(value: number): string {
  return whole.format(value);
}

/** `1 run`, `2 runs`. */
export function several(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}
