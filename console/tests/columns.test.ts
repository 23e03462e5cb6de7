import { describe, expect, it } from "vitest";
import { binsOf } from "../src/charts/bins";
import { columnsOf } from "../src/charts/columns";
import { hourNames } from "../src/format/hours";
import { moved, zoomed } from "../src/pages/result/zoom";

describe("columns", () => {
  it("keep the peak of a single hour among thousands", () => {
    const values = Array.from({ length: 8760 }, (_, hour) => (hour === 4321 ? 9000 : 40));
    const columns = columnsOf(values, 800);
    expect(columns.length).toBeLessThanOrEqual(800);
    expect(Math.max(...columns.map((column) => column.high))).toBe(9000);
  });

  it("leave a gap where there is nothing", () => {
    expect(columnsOf([1, null, 3], 10).map((column) => column.at)).toEqual([0, 2]);
  });
});

it("bins hold every value once, whatever its outliers", () => {
  const values = [...Array.from({ length: 199 }, (_, place) => place / 100), 500];
  const { counts } = binsOf(values);
  expect(counts.reduce((sum, count) => sum + count)).toBe(200);
  expect(counts.length).toBeLessThanOrEqual(48);
  expect(binsOf([3, 3]).counts).toEqual([2]);
});

it("hours are called by the clock in a calendar, and by their number in a representative month", () => {
  const day = hourNames(Array.from({ length: 24 }, () => "2030-03-07"));
  expect(day[14]?.long).toBe("7 Mar, 14:00");
  const quarters = hourNames(Array.from({ length: 96 }, () => "2030-03-07"));
  expect(quarters[57]?.long).toBe("7 Mar, 14:15");
  const month = hourNames(Array.from({ length: 72 }, () => "2030-03-01"));
  expect(month[36]?.long).toBe("March, hour 37 of 72");
});

it("a zoom stays within the year", () => {
  const week = { first: 0, last: 167 };
  expect(moved(week, 1, 8760)).toEqual({ first: 168, last: 335 });
  expect(moved(week, -1, 8760)).toEqual(week);
  expect(zoomed(week, 2, 200)).toEqual({ first: 0, last: 199 });
  expect(zoomed({ first: 10, last: 15 }, 0.5, 8760)).toEqual({ first: 10, last: 15 });
});
