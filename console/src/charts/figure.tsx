/** A chart with its title, legend, table and picture to take along. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { savePicture } from "./picture";

export interface Entry {
  label: string;
  colour: string;
  square?: boolean;
}

export interface Values {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** What is not in it. */
  note?: string | undefined;
}

export function Figure(props: {
  title: string;
  unit?: string | undefined;
  legend?: readonly Entry[];
  /** The table, made once it is opened. */
  values: () => Values;
  height?: number;
  actions?: ComponentChildren;
  children: (width: number) => ComponentChildren;
}) {
  const [table, setTable] = useState(false);
  const drawing = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const { legend = [] } = props;

  useEffect(() => {
    const element = drawing.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth - 24));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const picture = (): void => {
    const svg = drawing.current?.querySelector("svg");
    if (svg) void savePicture(svg, `${props.title}${props.unit ? ` (${props.unit})` : ""}`, legend);
  };
  return (
    <figure class="card figure" aria-label={props.title}>
      <header>
        <h2>
          {props.title}
          {props.unit && <span>{props.unit}</span>}
        </h2>
        <div class="tools">
          {props.actions}
          <button type="button" class="button plain small" aria-expanded={table} onClick={() => setTable(!table)}>
            Table
          </button>
          <button type="button" class="button plain small" onClick={picture}>
            PNG
          </button>
        </div>
      </header>
      <div class="drawing" ref={drawing} style={{ minHeight: `${(props.height ?? 240) + 12}px` }}>
        {width > 0 && props.children(width)}
      </div>
      {legend.length > 1 && (
        <ul class="legend">
          {legend.map((entry) => (
            <li key={entry.label}>
              <i class={entry.square ? "square" : undefined} style={{ background: entry.colour }} />
              {entry.label}
            </li>
          ))}
        </ul>
      )}
      {table && <ValueTable title={props.title} values={props.values()} />}
    </figure>
  );
}

function ValueTable(props: { title: string; values: Values }) {
  const [name = "", ...heads] = props.values.head;
  return (
    <div class="values" tabIndex={0} role="group" aria-label={`${props.title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{name}</th>
            {heads.map((head) => (
              <th scope="col" class="end" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.values.rows.map(([first = "", ...cells]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {cells.map((cell, place) => (
                <td class="end" key={heads[place]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {props.values.note && <p class="note small">{props.values.note}</p>}
    </div>
  );
}
