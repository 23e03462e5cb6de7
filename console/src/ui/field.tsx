/** A labelled field of a form, with its unit, hint and what is wrong with it. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Common {
  label: string;
  unit?: string | undefined;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  wide?: boolean;
  hideLabel?: boolean;
}

function Field(props: Common & { id: string; children: ComponentChildren }) {
  return (
    <div class={`field${props.wide ? " wide" : ""}`}>
      <label for={props.id} class={props.hideLabel ? "hidden-text" : undefined}>
        {props.label}
        {props.unit && !props.label.endsWith(` ${props.unit}`) && <span class="unit">{props.unit}</span>}
      </label>
      {props.children}
      {props.wrong && (
        <span class="wrong" id={`${props.id}-wrong`}>
          {props.wrong}
        </span>
      )}
      {props.hint && (
        <span class="hint" id={`${props.id}-hint`}>
          {props.hint}
        </span>
      )}
    </div>
  );
}

function described(id: string, props: Common): { "aria-describedby"?: string; "aria-invalid"?: "true" } {
  const ids = [props.wrong && `${id}-wrong`, props.hint && `${id}-hint`].filter(Boolean).join(" ");
  return { ...(ids && { "aria-describedby": ids }), ...(props.wrong && { "aria-invalid": "true" }) };
}

export function Text(
  props: Common & {
    value: string;
    onInput: (value: string) => void;
    type?: "text" | "search" | "number" | "datetime-local";
    placeholder?: string;
    list?: string;
    step?: string;
    required?: boolean;
    maxLength?: number;
  },
) {
  const id = useId();
  return (
    <Field {...props} id={id}>
      <input
        id={id}
        type={props.type ?? "text"}
        value={props.value}
        placeholder={props.placeholder}
        list={props.list}
        step={props.step}
        required={props.required}
        maxLength={props.maxLength}
        autoComplete="off"
        onInput={(event) => props.onInput(event.currentTarget.value)}
        {...described(id, props)}
      />
    </Field>
  );
}

export function Area(props: Common & { value: string; onInput: (value: string) => void; rows?: number; mono?: boolean }) {
  const id = useId();
  return (
    <Field {...props} id={id}>
      <textarea
        id={id}
        class={props.mono ? "mono" : undefined}
        rows={props.rows ?? 3}
        spellcheck={!props.mono}
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        {...described(id, props)}
      />
    </Field>
  );
}

export function Choice(
  props: Common & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] },
) {
  const id = useId();
  return (
    <Field {...props} id={id}>
      <select id={id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)} {...described(id, props)}>
        {props.options.map(([value, label]) => (
          <option key={value} value={value} selected={value === props.value}>
            {label}
          </option>
        ))}
      </select>
    </Field>
  );
}
