import { describe, expect, it } from "vitest";
import { apart, below, extent, linear, ticks } from "../src/charts/scale";

describe("ticks", () => {
  it("are round and enclose the values", () => {
    expect(ticks(3, 97)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticks(0, 0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticks(-12, 30)).toEqual([-20, -10, 0, 10, 20, 30]);
  });

  it("are there for values that are all the same", () => {
    expect(ticks(5, 5).length).toBeGreaterThan(1);
    expect(ticks(0, 0).length).toBeGreaterThan(1);
  });
});

describe("extent", () => {
  it("begins at 0 where that costs little room, and not where it would flatten everything", () => {
    expect(extent([60, 100])).toEqual([60, 100]);
    expect(extent([20, 100])).toEqual([0, 100]);
    expect(extent([null, undefined, NaN])).toEqual([0, 1]);
  });
});

describe("an axis", () => {
  it("ends below what towers over the others", () => {
    expect(below([10_000, 200, 150, 120, 110, 100, 90, null])).toBeCloseTo(220);
    expect(below([10_000, 9_000, 200, 150, 120, 110, 100, 90, 80, 70, 60])).toBeCloseTo(220);
  });

  it("has all values where none does", () => {
    expect(below([300, 200, 150, 120, 110, 100])).toBeUndefined();
    expect(below([0, 0, 0])).toBeUndefined();
    expect(below([])).toBeUndefined();
  });
});

it("a linear axis runs from pixel to pixel", () => {
  const axis = linear(0, 100, 200, 0);
  expect([axis.at(0), axis.at(50), axis.at(100)]).toEqual([200, 100, 0]);
});

it("labels that would lie on each other are moved apart, in their order", () => {
  const moved = apart([50, 52, 10], 15, 0, 100);
  expect(moved[2]).toBe(10);
  expect((moved[1] ?? 0) - (moved[0] ?? 0)).toBeGreaterThanOrEqual(15);
  expect(Math.max(...apart([99, 98, 97], 15, 0, 100))).toBeLessThanOrEqual(100);
});
