/** What went wrong, in the API's words. */
export interface FieldProblem {
  path: string;
  rule: string;
  message: string;
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string,
    readonly errors: readonly FieldProblem[] = [],
  ) {
    super(detail || title);
    this.name = "Problem";
  }

  /** Whether the same request may get another answer later. */
  get mayPass(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }

  /** What is said of the field at `path`. */
  of(path: string): string | undefined {
    return this.errors.find((error) => error.path === path)?.message;
  }

  /** The problem for an answer; the gateway's own are no problem documents. */
  static from(response: Response, body: unknown): Problem {
    const document = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
    const said = (name: string): string => (typeof document[name] === "string" ? document[name] : "");
    const requestId =
      said("request_id") || (response.headers.get("x-request-id") ?? response.headers.get("apigw-requestid") ?? "");
    return new Problem(
      response.status,
      said("code") || "unknown",
      said("title") || said("message") || `The API answered ${response.status}`,
      said("detail") || said("message"),
      requestId,
      Array.isArray(document.errors) ? (document.errors as FieldProblem[]) : [],
    );
  }

  /** The problem for whatever was thrown. */
  static caught(thrown: unknown): Problem {
    if (thrown instanceof Problem) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new Problem(0, "unreachable", "The API does not answer", text, "");
  }
}
