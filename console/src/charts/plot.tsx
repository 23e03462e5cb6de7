/** Axes, and a cursor that mouse and arrow keys move: what charts over years have in common. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { decimals } from "../format/numbers";
import { type Axis, linear, spaced } from "./scale";

export interface Tip {
  title: string;
  items: readonly { label: string; colour: string; value: string }[];
}

export interface Room {
  x: (place: number) => number;
  y: Axis;
  /** Between two places on the axis. */
  step: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const TOP = 10;
const FOOT = 26;

export function Plot(props: {
  label: string;
  width: number;
  height?: number;
  /** What stands on the axis below, from left to right. */
  places: readonly string[];
  /** Bars need room on both sides of a place. */
  bars?: boolean;
  domain: readonly [number, number];
  /** Room on the right for labels. */
  margin?: number;
  /** Pixels that a label on the axis below needs. */
  labelWidth?: number;
  /** Called with the first and the last place that were drawn over with the pointer. */
  select?: ((first: number, last: number) => void) | undefined;
  tip: (place: number) => Tip;
  children: (room: Room) => ComponentChildren;
}) {
  const { width, places, domain, bars = false } = props;
  const height = props.height ?? 240;
  const [cursor, setCursor] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const [anchor, setAnchor] = useState<number | null>(null);

  const bottom = height - FOOT;
  const y = linear(domain[0], domain[1], bottom, TOP);
  const digits = tickDigits(y.ticks);
  const labels = y.ticks.map((tick) => tickText(tick, digits));
  const left = Math.max(...labels.map((label) => label.length)) * 6.6 + 12;
  const right = width - (props.margin ?? 8);
  const step = bars ? (right - left) / Math.max(1, places.length) : (right - left) / Math.max(1, places.length - 1);
  const x = (place: number): number => (bars ? left + (place + 0.5) * step : places.length === 1 ? (left + right) / 2 : left + place * step);
  const room: Room = { x, y, step, left, right, top: TOP, bottom };

  const last = places.length - 1;
  const clamp = (place: number): number => Math.max(0, Math.min(last, place));
  const nearest = (clientX: number, svg: SVGSVGElement): number => {
    const at = clientX - svg.getBoundingClientRect().left;
    return clamp(Math.round(bars ? (at - left) / step - 0.5 : (at - left) / (step || 1)));
  };
  const words = (place: number): string => {
    const tip = props.tip(place);
    return `${tip.title}: ${tip.items.map((item) => `${item.label} ${item.value}`).join(", ")}`;
  };
  const press = (event: KeyboardEvent): void => {
    const present = cursor ?? 0;
    const next = { ArrowRight: present + 1, ArrowUp: present + 1, ArrowLeft: present - 1, ArrowDown: present - 1, Home: 0, End: last, PageUp: present + 5, PageDown: present - 5 }[event.key];
    if (event.key === "Escape") setCursor(null);
    if (next === undefined) return;
    event.preventDefault();
    const place = clamp(cursor === null && event.key.startsWith("Arrow") ? 0 : next);
    setCursor(place);
    setSaid(words(place));
  };
  const show = spaced(places.length, right - left, props.labelWidth ?? 46);
  const { select } = props;
  const drop = (event: PointerEvent & { currentTarget: SVGSVGElement }): void => {
    const end = nearest(event.clientX, event.currentTarget);
    if (select && anchor !== null && Math.abs(end - anchor) > 1) select(Math.min(anchor, end), Math.max(anchor, end));
    setAnchor(null);
  };
  return (
    <>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        height={height}
        role="slider"
        aria-roledescription="chart"
        aria-label={`${props.label}: arrow keys move over it`}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={cursor ?? 0}
        aria-valuetext={words(cursor ?? 0)}
        tabIndex={0}
        onKeyDown={press}
        onBlur={() => setCursor(null)}
        onPointerMove={(event) => setCursor(nearest(event.clientX, event.currentTarget))}
        onPointerLeave={() => setCursor(null)}
        {...(select && {
          class: "selectable",
          onPointerDown: (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setAnchor(nearest(event.clientX, event.currentTarget));
          },
          onPointerUp: drop,
          onPointerCancel: () => setAnchor(null),
        })}
      >
        <g class="axis">
          {y.ticks.map((tick, place) => (
            <g key={tick}>
              <line class={tick === 0 ? "zero" : "gridline"} x1={left} x2={right} y1={y.at(tick)} y2={y.at(tick)} />
              <text x={left - 8} y={y.at(tick) + 4} text-anchor="end">
                {labels[place]}
              </text>
            </g>
          ))}
          {places.map((place, index) =>
            show(index) ? (
              <text key={index} x={x(index)} y={height - 6} text-anchor="middle">
                {place}
              </text>
            ) : null,
          )}
        </g>
        {props.children(room)}
        {anchor !== null && cursor !== null && (
          <rect class="selection" x={Math.min(x(anchor), x(cursor))} width={Math.abs(x(cursor) - x(anchor))} y={TOP} height={bottom - TOP} />
        )}
        {cursor !== null && <line class="cursor" x1={x(cursor)} x2={x(cursor)} y1={TOP} y2={bottom} />}
      </svg>
      {cursor !== null && <TipBox tip={props.tip(cursor)} x={x(cursor)} width={width} />}
      <span class="hidden-text" aria-live="polite">
        {said}
      </span>
    </>
  );
}

function TipBox(props: { tip: Tip; x: number; width: number }) {
  const side = props.x > props.width / 2 ? { right: `${props.width - props.x + 24}px` } : { left: `${props.x + 24}px` };
  return (
    <div class="tip" style={{ top: "6px", ...side }} aria-hidden="true">
      <b>{props.tip.title}</b>
      <ul>
        {props.tip.items.map((item) => (
          <li key={item.label}>
            <i style={{ background: item.colour }} />
            <span>{item.label}</span>
            <span>{item.value}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function tickDigits(ticks: readonly number[]): number {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  return step >= 1 ? (Number.isInteger(step) ? 0 : 1) : Math.min(6, decimals(step) - 1);
}

function tickText(value: number, digits: number): string {
  return value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}
