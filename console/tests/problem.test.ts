import { expect, it } from "vitest";
import { Problem } from "../src/api/problem";

it("a problem keeps the API's words and the id to report", () => {
  const body = { title: "Validation failed", code: "validation_failed", detail: "…", request_id: "abc=", errors: [{ path: "name", rule: "required", message: "must be given" }] };
  const problem = Problem.from(new Response(null, { status: 422 }), body);
  expect([problem.code, problem.requestId, problem.of("name"), problem.mayPass]).toEqual(["validation_failed", "abc=", "must be given", false]);
});

it("the gateway's own answers are told by their headers", () => {
  const problem = Problem.from(new Response(null, { status: 503, headers: { "apigw-requestid": "xyz=" } }), { message: "Service Unavailable" });
  expect([problem.title, problem.requestId, problem.mayPass]).toEqual(["Service Unavailable", "xyz=", true]);
});
