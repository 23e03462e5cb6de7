/** JSON Schema as the API publishes it for drivers and parameters: what a form needs of it. */

export interface Schema {
  $ref?: string;
  title?: string;
  description?: string;
  type?: string;
  enum?: string[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  additionalProperties?: boolean | Schema;
  examples?: unknown[];
  $defs?: Record<string, Schema>;
  "x-unit"?: string;
  "x-default"?: string;
  "x-vocabulary"?: string;
}

export type Definitions = Record<string, Schema>;

/** The schema that a `$ref` leads to; what stands beside the reference holds too. */
export function resolved(schema: Schema, definitions: Definitions): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split("/").at(-1) ?? "";
  return { ...definitions[name], ...schema, $ref: "" };
}

/** How a value of the schema is edited. */
export type Kind = "choice" | "yes-no" | "number" | "text" | "rows" | "shares" | "group" | "json";

export function kindOf(schema: Schema, definitions: Definitions): Kind {
  if (schema.enum) return "choice";
  switch (schema.type) {
    case "boolean":
      return "yes-no";
    case "number":
    case "integer":
      return "number";
    case "string":
      return "text";
    case "array": {
      const items = schema.items && resolved(schema.items, definitions);
      const plain = items?.properties && Object.values(items.properties).every((field) => ["number", "text", "choice"].includes(kindOf(resolved(field, definitions), definitions)));
      return plain ? "rows" : "json";
    }
    case "object":
      if (schema.properties) return "group";
      return typeof schema.additionalProperties === "object" && schema.additionalProperties.type === "number" ? "shares" : "json";
    default:
      return "json";
  }
}

/** What a field begins with that nobody gave. */
export function placeholder(schema: Schema): string {
  if (schema["x-default"] !== undefined) return schema["x-default"];
  if (schema.default === undefined || schema.default === null) return "";
  return typeof schema.default === "string" ? schema.default : JSON.stringify(schema.default);
}

/** The fields that stand open: what must be given, what is given or wrong, and what the example shows. */
export function isOpen(name: string, schema: Schema, value: Record<string, unknown>, wrong: (name: string) => boolean): boolean {
  const example = schema.examples?.[0];
  const shown = typeof example === "object" && example !== null && name in example;
  return (schema.required ?? []).includes(name) || name in value || shown || wrong(name);
}

/** `path.name`, or the name alone at the top. */
export function under(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
