import { expect, it } from "vitest";
import examples from "../../examples/first_scenarios.json";
import { assumptionLine, metricTitle, words } from "../src/format/words";

it("names become words", () => {
  expect(["offshore_wind", "ccgt", "capacity_mw", "SUCCEEDED"].map(words)).toEqual(["Offshore wind", "CCGT", "Capacity MW", "Succeeded"]);
  expect(metricTitle("npv")).toBe("NPV of the fleet");
  expect(metricTitle("some_new_metric")).toBe("Some new metric");
});

it("assumptions become lines", () => {
  expect(examples.flatMap((example) => example.body.assumptions.map(assumptionLine))).toEqual([
    "Renewables 60 % from 2030",
    "Load +0.8 % a year from 2027",
    "Gas 9 → 14 EUR/GJ",
    "Retire coal in 2031",
    "Add 3000 MW offshore wind in 2031",
  ]);
});
