import { describe, expect, it } from "vitest";
import { decimals, inScale, quantity, scaleOf, several } from "../src/format/numbers";

describe("quantities", () => {
  it("are shown in the unit that fits their size", () => {
    expect(quantity(15_573_660_298.55, "EUR")).toBe("15.57 bn EUR");
    expect(quantity(-1_250_000, "EUR")).toBe("−1.25 m EUR");
    expect(quantity(54_201_367.9, "MWh")).toBe("54.20 TWh");
    expect(quantity(10_408_054, "t")).toBe("10.41 Mt");
    expect(quantity(2_000, "MW")).toBe("2,000 MW");
    expect(quantity(0.6, "1")).toBe("60.00 %");
    expect(quantity(99.45, "EUR/MWh")).toBe("99.45 EUR/MWh");
  });

  it("have a sign where they are differences, and no minus before nothing", () => {
    const scale = scaleOf("EUR", 1e9);
    expect(inScale(12e9, scale, { signed: true })).toBe("+12.00");
    expect(inScale(-0, scale, { signed: true, like: 1e9 })).toBe("0.00");
    expect(inScale(null, scale)).toBe("–");
  });

  it("keep three to four digits", () => {
    expect([12_345, 123, 12, 1.2, 0.12, 0.001_2].map(decimals)).toEqual([0, 1, 2, 2, 3, 5]);
  });
});

it("counts things", () => {
  expect([several(1, "run"), several(2_000, "run")]).toEqual(["1 run", "2,000 runs"]);
});
