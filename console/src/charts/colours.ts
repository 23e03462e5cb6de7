/** Colours by what they stand for; the themes give them their values. */

const SERIES = 8;

export function seriesColour(place: number): string {
  return `var(--s${(place % SERIES) + 1})`;
}

/** From the bottom of a stack to its top: what runs all year first. */
const TECHNOLOGIES = [
  "nuclear",
  "waste",
  "run_of_river",
  "biomass",
  "chp",
  "coal",
  "ccgt",
  "ocgt",
  "oil_peaker",
  "import",
  "onshore_wind",
  "offshore_wind",
  "solar",
];

export function byTechnology(a: string, b: string): number {
  const place = (name: string): number => {
    const index = TECHNOLOGIES.indexOf(name);
    return index < 0 ? TECHNOLOGIES.length : index;
  };
  return place(a) - place(b) || a.localeCompare(b);
}

export function technologyColour(technology: string, place: number): string {
  return TECHNOLOGIES.includes(technology) ? `var(--t-${technology.replaceAll("_", "-")})` : seriesColour(place);
}
