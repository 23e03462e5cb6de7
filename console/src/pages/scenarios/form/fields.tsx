/** A form made from a JSON Schema: titles, units, ranges, defaults and words are the API's own. */
import type { Problem } from "../../../api/problem";
import { words } from "../../../format/words";
import { Area, Choice, Text } from "../../../ui/field";
import { Icon } from "../../../ui/icons";
import { type Definitions, isOpen, kindOf, placeholder, resolved, type Schema, under } from "./schema";

export interface Vocabulary {
  fuels: readonly string[];
  technologies: readonly string[];
  units: readonly string[];
}

export interface Context {
  definitions: Definitions;
  problem: Problem | undefined;
}

type Value = Record<string, unknown>;

/** The fields of an object. `path` is where it stands in the document, as errors name it. */
export function Fields(props: { schema: Schema; value: Value; path: string; context: Context; onChange: (value: Value) => void; leaveOut?: readonly string[] }) {
  const { schema, value, path, context } = props;
  const names = Object.keys(schema.properties ?? {}).filter((name) => !(props.leaveOut ?? []).includes(name));
  const wrong = (name: string): boolean => context.problem?.errors.some((error) => error.path.startsWith(under(path, name))) ?? false;
  const open = names.filter((name) => isOpen(name, schema, value, wrong));
  const more = names.filter((name) => !open.includes(name));
  const field = (name: string) => {
    const definition = resolved(schema.properties?.[name] ?? {}, context.definitions);
    if (definition.const !== undefined) return null;
    const change = (next: unknown): void => {
      props.onChange(next === undefined ? Object.fromEntries(Object.entries(value).filter(([other]) => other !== name)) : { ...value, [name]: next });
    };
    return <Field key={name} name={name} schema={definition} value={value[name]} path={under(path, name)} context={context} onChange={change} />;
  };
  return (
    <>
      <div class="form">{open.map(field)}</div>
      {more.length > 0 && (
        <details>
          <summary class="soft small">{open.length > 0 ? "More fields" : "Fields"}</summary>
          <div class="form" style={{ marginTop: "14px" }}>
            {more.map(field)}
          </div>
        </details>
      )}
    </>
  );
}

function Field(props: { name: string; schema: Schema; value: unknown; path: string; context: Context; onChange: (value: unknown) => void }) {
  const { schema, value, path, context, onChange } = props;
  const common = { label: words(props.name), unit: schema["x-unit"], hint: hint(schema), wrong: context.problem?.of(path) };
  const kind = kindOf(schema, context.definitions);
  switch (kind) {
    case "choice":
      return (
        <Choice
          {...common}
          value={typeof value === "string" ? value : ""}
          onChange={(next) => onChange(next || undefined)}
          options={[["", placeholder(schema) ? `As is: ${placeholder(schema)}` : "Choose …"], ...(schema.enum ?? []).map((one) => [one, words(one)] as const)]}
        />
      );
    case "yes-no":
      return (
        <Choice
          {...common}
          value={typeof value === "boolean" ? String(value) : ""}
          onChange={(next) => onChange(next === "" ? undefined : next === "true")}
          options={[
            ["", `As is: ${schema.default === true ? "yes" : "no"}`],
            ["true", "Yes"],
            ["false", "No"],
          ]}
        />
      );
    case "number":
      return <Text {...common} type="text" value={numberText(value)} placeholder={placeholder(schema)} onInput={(text) => onChange(numberOf(text))} />;
    case "text":
      return <Text {...common} value={typeof value === "string" ? value : ""} placeholder={placeholder(schema)} onInput={(text) => onChange(text || undefined)} {...(schema["x-vocabulary"] && { list: `vocabulary-${schema["x-vocabulary"]}` })} />;
    case "rows":
      return <Rows {...props} label={common.label} />;
    case "shares":
      return <Shares {...props} label={common.label} />;
    case "group":
      return (
        <fieldset class="wide group">
          <legend>
            {common.label}
            {value !== undefined && (
              <button type="button" class="button plain small" onClick={() => onChange(undefined)}>
                Leave out
              </button>
            )}
          </legend>
          {value === undefined ? (
            <button type="button" class="button small" onClick={() => onChange({})}>
              Give it
            </button>
          ) : (
            <Fields schema={schema} value={value as Value} path={path} context={context} onChange={onChange} />
          )}
          {common.wrong && <span class="wrong">{common.wrong}</span>}
        </fieldset>
      );
    case "json":
      return <Json {...common} value={value} onChange={onChange} />;
  }
}

function hint(schema: Schema): string {
  const text = (schema.description ?? "").replaceAll("`", "");
  const range = schema.minimum !== undefined && schema.maximum !== undefined && schema["x-unit"] ? ` ${schema.minimum} to ${schema.maximum}.` : "";
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return sentence + (range && !/[.!?]$/.test(sentence) && sentence ? "." : "") + range;
}

/** Text that is no number yet (`-`, `1e`) stays text: the API says what is wrong with it. */
function numberOf(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const number = Number(trimmed.replace(",", "."));
  return Number.isFinite(number) && !/[.,eE+-]$/.test(trimmed) ? number : trimmed;
}

function numberText(value: unknown): string {
  return typeof value === "number" || typeof value === "string" ? String(value) : "";
}

/** A list of small objects, such as the points of a curve. */
function Rows(props: { schema: Schema; value: unknown; path: string; context: Context; label: string; onChange: (value: unknown) => void }) {
  const { context, path } = props;
  const items = resolved(props.schema.items ?? {}, context.definitions);
  const names = Object.keys(items.properties ?? {});
  const rows = Array.isArray(props.value) ? (props.value as Value[]) : [];
  const set = (next: Value[]): void => props.onChange(next.length > 0 ? next : undefined);
  return (
    <fieldset class="wide group">
      <legend>
        {props.label}
        {props.schema["x-unit"] && <span class="unit"> {props.schema["x-unit"]}</span>}
      </legend>
      {context.problem?.of(path) && <span class="wrong">{context.problem.of(path)}</span>}
      <ul class="stack close">
        {rows.map((row, place) => (
          <li key={place} class="points">
            {names.map((name) => (
              <Text
                key={name}
                label={`${words(name)}, ${place + 1}`}
                hideLabel
                placeholder={words(name)}
                value={numberText(row[name])}
                wrong={context.problem?.of(`${path}[${place}].${name}`)}
                onInput={(text) => set(rows.map((one, index) => (index === place ? { ...one, [name]: numberOf(text) } : one)))}
              />
            ))}
            <button type="button" class="button plain icon" aria-label={`Take ${props.label.toLowerCase()} ${place + 1} away`} onClick={() => set(rows.filter((_, index) => index !== place))}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <span>
        <button type="button" class="button small" onClick={() => set([...rows, {}])}>
          <Icon name="plus" /> Add
        </button>
      </span>
    </fieldset>
  );
}

/** Names with a number each, such as a mix of technologies. */
function Shares(props: { schema: Schema; value: unknown; path: string; context: Context; label: string; onChange: (value: unknown) => void }) {
  const entries = Object.entries((props.value as Record<string, unknown> | undefined) ?? {});
  const set = (next: (readonly [string, unknown])[]): void => props.onChange(next.length > 0 ? Object.fromEntries(next) : undefined);
  const list = props.schema["x-vocabulary"] ? { list: `vocabulary-${props.schema["x-vocabulary"]}` } : {};
  return (
    <fieldset class="wide group">
      <legend>{props.label}</legend>
      {props.context.problem?.of(props.path) && <span class="wrong">{props.context.problem.of(props.path)}</span>}
      <ul class="stack close">
        {entries.map(([name, number], place) => (
          <li key={place} class="points">
            <Text label={`Name ${place + 1}`} hideLabel value={name} {...list} onInput={(next) => set(entries.map((entry, index) => (index === place ? [next, number] : entry)))} />
            <Text
              label={`Value ${place + 1}`}
              hideLabel
              value={numberText(number)}
              wrong={props.context.problem?.of(`${props.path}.${name}`)}
              onInput={(text) => set(entries.map((entry, index) => (index === place ? [name, numberOf(text) ?? 0] : entry)))}
            />
            <button type="button" class="button plain icon" aria-label={`Take ${name} away`} onClick={() => set(entries.filter((_, index) => index !== place))}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <span>
        <button type="button" class="button small" onClick={() => set([...entries, ["", 1]])}>
          <Icon name="plus" /> Add
        </button>
      </span>
    </fieldset>
  );
}

function Json(props: { label: string; hint?: string; wrong: string | undefined; value: unknown; onChange: (value: unknown) => void }) {
  return (
    <Area
      label={props.label}
      hint={props.hint}
      wrong={props.wrong}
      wide
      mono
      rows={6}
      value={typeof props.value === "string" ? props.value : props.value === undefined ? "" : JSON.stringify(props.value, null, 2)}
      onInput={(text) => {
        try {
          props.onChange(text.trim() === "" ? undefined : JSON.parse(text));
        } catch {
          // Not JSON yet: kept as it is typed.
          props.onChange(text);
        }
      }}
    />
  );
}
