/** Moments in the reader's zone, and in UTC where they hover. */
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const relative = new Intl.RelativeTimeFormat("en-GB", { numeric: "auto" });

const STEPS: readonly (readonly [number, number, Intl.RelativeTimeFormatUnit])[] = [
  [60, 1, "second"],
  [3_600, 60, "minute"],
  [86_400, 3_600, "hour"],
  [7 * 86_400, 86_400, "day"],
];

/** `just now`, `5 minutes ago`; after a week the day. */
export function ago(moment: string, now = Date.now()): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  const step = STEPS.find(([below]) => Math.abs(seconds) < below);
  return step ? relative.format(-Math.round(seconds / step[1]), step[2]) : day.format(new Date(moment));
}

export function at(moment: string): string {
  const date = new Date(moment);
  return `${day.format(date)}, ${clock.format(date)}`;
}

/** The moment in the reader's zone, as a field for a day and a time takes it. */
export function local(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function utc(moment: string): string {
  return `${new Date(moment).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

/** The time between two moments: `0.9 s`, `3 min 20 s`, `2 h 5 min`. */
export function between(from: string, to: string): string {
  return duration(Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000));
}

export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
