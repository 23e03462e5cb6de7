/** A list of any length: only the rows in sight are in the page, and the next page of the API is asked for before its end. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Column<Row> {
  title: string;
  /** Said, but not seen. */
  hideTitle?: boolean;
  /** Its share of the width, as of CSS grid: `2fr`, `120px`. */
  width: string;
  cell: (row: Row) => ComponentChildren;
  end?: boolean;
  lead?: boolean;
  /** Left out where the window is narrow. */
  wideOnly?: boolean;
}

const HEIGHT = 52;
const BEYOND = 8;

export function List<Row>(props: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
  more?: (() => void) | undefined;
  loading?: boolean;
}) {
  const body = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState<[number, number]>([0, 30]);
  const [narrow, setNarrow] = useState(() => matchMedia("(max-width: 720px)").matches);
  const { rows, more } = props;

  useEffect(() => {
    const query = matchMedia("(max-width: 720px)");
    const look = (): void => setNarrow(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);

  useLayoutEffect(() => {
    const look = (): void => {
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / HEIGHT) - BEYOND);
      const last = Math.min(rows.length, Math.ceil((innerHeight - top) / HEIGHT) + BEYOND);
      setSpan((before) => (before[0] === first && before[1] === last ? before : [first, last]));
      if (more && last >= rows.length) more();
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [rows.length, more]);

  const columns = narrow ? props.columns.filter((column) => !column.wideOnly) : props.columns;
  const widthOf = ({ width }: Column<Row>): string => (width.endsWith("fr") ? `minmax(0, ${width})` : narrow ? `min(${width}, 104px)` : width);
  const grid = { gridTemplateColumns: columns.map(widthOf).join(" ") };
  const [first, last] = span;
  const className = (column: Column<Row>): string => `${column.end ? "end" : ""} ${column.lead ? "lead" : ""}`;
  return (
    <div class="rows" role="table" aria-label={props.label} aria-rowcount={more ? -1 : rows.length + 1}>
      <div role="rowgroup">
        <div role="row" class="head" style={grid} aria-rowindex={1}>
          {columns.map((column) => (
            <span role="columnheader" class={className(column)} key={column.title}>
              {column.hideTitle ? <span class="hidden-text">{column.title}</span> : column.title}
            </span>
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        class="lines"
        ref={body}
        style={{ paddingTop: `${first * HEIGHT}px`, paddingBottom: `${Math.max(0, rows.length - last) * HEIGHT}px` }}
      >
        {rows.slice(first, last).map((row, place) => (
          <div role="row" style={grid} key={props.id(row)} aria-rowindex={first + place + 2}>
            {columns.map((column) => (
              <span role="cell" class={className(column)} key={column.title}>
                {column.cell(row)}
              </span>
            ))}
          </div>
        ))}
      </div>
      {more && <div class="more">{props.loading ? "Loading more …" : "Scroll for more"}</div>}
    </div>
  );
}
