/** What the hours of a year are called: by the clock where they follow one another, else by their number in the month they stand for. */
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

export interface HourName {
  /** On an axis. */
  short: string;
  /** Where there is room. */
  long: string;
}

/** The names of hours that are dated `days` (`2030-01-31`), in their order; several are of one day. */
export function hourNames(days: readonly string[]): HourName[] {
  const counts = new Map<string, number>();
  for (const day of days) counts.set(day, (counts.get(day) ?? 0) + 1);
  const seen = new Map<string, number>();
  return days.map((day) => {
    const place = seen.get(day) ?? 0;
    seen.set(day, place + 1);
    const [, month = "1", date = "1"] = day.split("-");
    const name = MONTHS[Number(month) - 1] ?? "";
    const count = counts.get(day) ?? 24;
    // A calendar's day has 24 hours, or 96 quarters of one; a month's representative hours are another number, all dated the first.
    if (count === 24 || count === 96) {
      const minutes = (place * 1440) / count;
      const clock = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
      const on = `${Number(date)} ${name.slice(0, 3)}`;
      return { short: place === 0 ? on : `${on}, ${clock.slice(0, 2)} h`, long: `${on}, ${clock}` };
    }
    return { short: `${name.slice(0, 3)} h ${place + 1}`, long: `${name}, hour ${place + 1} of ${count}` };
  });
}
