/** What the API's names are called on a page. */
const METRICS: Record<string, string> = {
  npv: "NPV of the fleet",
  system_cost_npv: "System cost, present value",
  price: "Price, load-weighted",
  time_weighted_price: "Price, time-weighted",
  system_cost: "System cost",
  dispatch_cost: "Dispatch cost",
  dispatch_cost_bound: "Dispatch cost, lower bound",
  emissions: "Emissions",
  renewable_share: "Renewable share",
  unserved_energy: "Unserved energy",
  cash_flow: "Cash flow of the fleet",
  credit_price: "Renewable credit price",
  compliance_payment: "Compliance payment",
  curtailment: "Curtailment",
  renewable_build: "Renewables built",
  renewable_shortfall: "Renewable shortfall",
  capacity_factor: "Capacity factor",
  capture_price: "Capture price",
  optimality_gap: "Optimality gap",
};

const SHORT: Record<string, string> = {
  ccgt: "CCGT",
  ocgt: "OCGT",
  chp: "CHP",
  npv: "NPV",
  rps: "RPS",
  mw: "MW",
  bp: "bp",
};

/** `offshore_wind` → `Offshore wind`, `ccgt` → `CCGT`. */
export function words(name: string): string {
  const text = name
    .toLowerCase()
    .split(/[_\s]+/)
    .map((word) => SHORT[word] ?? word)
    .join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function metricTitle(metric: string): string {
  return METRICS[metric] ?? words(metric);
}

/** A series' tags in words: `Offshore wind`, or `discount_rate 0.05` where the name says more. */
export function tagWords(tags: Record<string, string>): string {
  return Object.entries(tags)
    .map(([name, value]) => (name === "technology" ? words(value) : `${words(name).toLowerCase()} ${value}`))
    .join(", ");
}

const DRIVERS: Record<string, string> = {
  policy: "Policy",
  load_growth: "Load growth",
  fuel_curve: "Fuel price",
  fleet_change: "Fleet",
  stochastic: "Random input",
  conditional: "Condition",
  composite: "Combination",
  time_series: "Course over time",
  shock: "Fuel shock",
};

export function driverTitle(type: string): string {
  return DRIVERS[type] ?? words(type);
}

const percent = (value: number): string => `${+(value * 100).toFixed(2)} %`;

interface Driver {
  driver_type: string;
  payload: Record<string, unknown>;
}

/** An assumption in one line: `RPS 60 % from 2030`. */
export function assumptionLine(given: object): string {
  const assumption = given as Driver;
  const said = assumption.payload;
  const number = (name: string): number | undefined => (typeof said[name] === "number" ? said[name] : undefined);
  const text = (name: string): string => (typeof said[name] === "string" ? said[name] : "");
  const from = number("start_year") === undefined ? "" : ` from ${number("start_year") ?? ""}`;
  switch (assumption.driver_type) {
    case "policy":
      return text("policy_name") === "RPS"
        ? `Renewables ${percent(number("target") ?? 0)}${from}`
        : `Carbon at ${number("price") ?? "?"} EUR/t${from}`;
    case "load_growth":
      return `Load ${(number("annual_rate") ?? 0) < 0 ? "−" : "+"}${percent(Math.abs(number("annual_rate") ?? 0))} a year${from}`;
    case "fuel_curve": {
      const points = Array.isArray(said.points) ? (said.points as { year: number; price: number }[]) : [];
      const first = points[0];
      const last = points.at(-1);
      const course = first && last ? `${first.price} → ${last.price} EUR/GJ` : `× ${number("multiplier") ?? 1}`;
      return `${words(text("fuel"))} ${course}${from}`;
    }
    case "fleet_change": {
      const size = number("capacity_mw") === undefined ? "" : ` ${number("capacity_mw") ?? ""} MW`;
      const thing = text("unit") || words(text("technology")).toLowerCase();
      return `${text("action") === "ADD" ? "Add" : "Retire"}${size} ${thing} in ${number("year") ?? "?"}`;
    }
    case "stochastic":
      return `${words(text("quantity"))} random, ${text("distribution").toLowerCase()}`;
    default:
      return driverTitle(assumption.driver_type);
  }
}

export const STATE_TONES: Record<string, string> = {
  SUCCEEDED: "good",
  RESOLVED: "good",
  DONE: "good",
  SENT: "good",
  DELIVERED: "good",
  ENABLED: "good",
  PAUSED: "warn",
  DISABLED: "bad",
  CLOSED: "good",
  RUNNING: "info",
  QUEUED: "info",
  PENDING: "info",
  NEW: "warn",
  ANALYZING: "info",
  ACTIONED: "info",
  DELAYED: "warn",
  HALF_OPEN: "warn",
  FAILED: "bad",
  TIMEOUT: "bad",
  OPEN: "bad",
  ESCALATED: "bad",
  CRITICAL: "bad",
  ERROR: "bad",
  WARNING: "warn",
};
