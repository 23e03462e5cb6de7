import { expect, it } from "vitest";
import { isOpen, kindOf, placeholder, resolved, type Schema } from "../src/pages/scenarios/form/schema";

const definitions: Record<string, Schema> = {
  Point: { type: "object", properties: { year: { type: "integer" }, price: { type: "number" } } },
  Driver: { type: "object", properties: { payload: { type: "object" } } },
};

it("a schema says how its values are edited", () => {
  const kinds = [
    { enum: ["A"] },
    { type: "boolean" },
    { type: "integer" },
    { type: "string" },
    { type: "array", items: { $ref: "#/$defs/Point" } },
    { type: "array", items: { $ref: "#/$defs/Driver" } },
    { type: "object", additionalProperties: { type: "number" } },
    { type: "object", properties: {} },
  ].map((schema) => kindOf(schema, definitions));
  expect(kinds).toEqual(["choice", "yes-no", "number", "text", "rows", "json", "shares", "group"]);
});

it("what stands beside a reference holds too", () => {
  expect(resolved({ $ref: "#/$defs/Point", description: "a point" }, definitions)).toMatchObject({ type: "object", description: "a point" });
});

it("fields stand open that are needed, given, wrong or in the example", () => {
  const schema: Schema = { required: ["a"], examples: [{ b: 1 }] };
  const open = ["a", "b", "c", "d", "e"].filter((name) => isOpen(name, schema, { c: 1 }, (one) => one === "d"));
  expect(open).toEqual(["a", "b", "c", "d"]);
  expect([placeholder({ default: 0.07 }), placeholder({ "x-default": "the baseline's" }), placeholder({})]).toEqual(["0.07", "the baseline's", ""]);
});
