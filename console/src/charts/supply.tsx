/** A supply curve: each unit as wide as what it has available and as high as it costs, and the loads that reach into it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { inScale } from "../format/numbers";
import { words } from "../format/words";
import { technologyColour } from "./colours";
import { Figure } from "./figure";
import { extent, linear } from "./scale";

export interface Offer {
  unit: string;
  technology: string;
  capacity_mw: number;
  available_mw: number;
  bid: number;
}

const HEIGHT = 320;
const TOP = 22;
const FOOT = 40;

export function Supply(props: {
  title: string;
  currency: string;
  offers: readonly Offer[];
  loads: readonly { label: string; value: number }[];
  actions?: ComponentChildren;
}) {
  const [cursor, setCursor] = useState<number | null>(null);
  const unit = `${props.currency}/MWh`;
  const offers = props.offers.filter((offer) => offer.available_mw > 0);
  const [low, high] = extent(offers.map((offer) => offer.bid), true);
  const starts = offers.map((_, place) => offers.slice(0, place).reduce((sum, offer) => sum + offer.available_mw, 0));
  const total = Math.max((starts.at(-1) ?? 0) + (offers.at(-1)?.available_mw ?? 0), ...props.loads.map((load) => load.value));
  const money = (value: number): string => inScale(value, { factor: 1, unit });
  const power = (value: number): string => inScale(value, { factor: 1, unit: "MW" });
  const technologies = [...new Set(offers.map((offer) => offer.technology))];
  const colour = (technology: string): string => technologyColour(technology, technologies.indexOf(technology));
  const said = (place: number): string => {
    const offer = offers[place];
    return offer ? `${offer.unit}: ${money(offer.bid)} ${unit}, ${power(offer.available_mw)} MW of ${power(offer.capacity_mw)} MW, from ${power(starts[place] ?? 0)} MW on` : "";
  };
  const press = (event: KeyboardEvent): void => {
    const present = cursor ?? -1;
    const next = { ArrowRight: present + 1, ArrowUp: present + 1, ArrowLeft: present - 1, ArrowDown: present - 1, Home: 0, End: offers.length - 1 }[event.key];
    if (event.key === "Escape") setCursor(null);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(offers.length - 1, next)));
  };
  const values = () => ({
    head: ["Unit", "Technology", unit, "Available, MW", "Installed, MW", "Begins at, MW"],
    rows: offers.map((offer, place) => [offer.unit, words(offer.technology), money(offer.bid), power(offer.available_mw), power(offer.capacity_mw), power(starts[place] ?? 0)]),
  });
  return (
    <Figure
      title={props.title}
      unit={unit}
      legend={technologies.map((technology) => ({ label: words(technology), colour: colour(technology), square: true }))}
      values={values}
      height={HEIGHT}
      actions={props.actions}
    >
      {(width) => {
        const bottom = HEIGHT - FOOT;
        const y = linear(low, high, bottom, TOP);
        const left = Math.max(...y.ticks.map((tick) => tick.toLocaleString("en-GB").length)) * 6.6 + 14;
        const x = (value: number): number => left + (value / (total || 1)) * (width - left - 10);
        const across = linear(0, total, 0, 1).ticks.filter((tick) => tick <= total);
        return (
          <>
            <svg
              viewBox={`0 0 ${width} ${HEIGHT}`}
              height={HEIGHT}
              role="slider"
              aria-roledescription="chart"
              aria-label={`${props.title}: arrow keys go from unit to unit`}
              aria-valuemin={0}
              aria-valuemax={offers.length - 1}
              aria-valuenow={cursor ?? 0}
              aria-valuetext={said(cursor ?? 0)}
              tabIndex={0}
              onKeyDown={press}
              onBlur={() => setCursor(null)}
              onPointerLeave={() => setCursor(null)}
            >
              <g class="axis">
                {y.ticks.map((tick) => (
                  <g key={tick}>
                    <line class={tick === 0 ? "zero" : "gridline"} x1={left} x2={width - 10} y1={y.at(tick)} y2={y.at(tick)} />
                    <text x={left - 8} y={y.at(tick) + 4} text-anchor="end">
                      {tick.toLocaleString("en-GB").replace("-", "−")}
                    </text>
                  </g>
                ))}
                {across.map((tick) => (
                  <text key={tick} x={x(tick)} y={bottom + 16} text-anchor="middle">
                    {(tick / 1000).toLocaleString("en-GB")}
                  </text>
                ))}
                <text x={(left + width) / 2} y={HEIGHT - 6} text-anchor="middle">
                  GW available
                </text>
              </g>
              {offers.map((offer, place) => {
                const from = x(starts[place] ?? 0);
                const [a, b] = [y.at(0), y.at(offer.bid)];
                return (
                  <rect
                    key={offer.unit}
                    x={from}
                    width={Math.max(0.5, x((starts[place] ?? 0) + offer.available_mw) - from - 0.5)}
                    // A unit that costs nothing is seen too.
                    y={Math.min(a, b) - (offer.bid === 0 ? 3 : 0)}
                    height={Math.max(3, Math.abs(a - b))}
                    fill={colour(offer.technology)}
                    fill-opacity={cursor === null || cursor === place ? 1 : 0.45}
                    onPointerMove={() => setCursor(place)}
                  />
                );
              })}
              {props.loads.map((load) => (
                <g key={load.label}>
                  <line x1={x(load.value)} x2={x(load.value)} y1={TOP - 8} y2={bottom} stroke="var(--ink-2)" stroke-dasharray="4 3" stroke-width={1.2} />
                  <text x={x(load.value) - 4} y={TOP - 8} text-anchor="end" fill="var(--ink-2)" stroke="var(--surface)" stroke-width={4} paint-order="stroke" font-weight={560}>
                    {load.label}
                  </text>
                </g>
              ))}
            </svg>
            <p class="soft small reading" aria-live="polite">
              {cursor === null ? "Point at a unit, or use the arrow keys." : said(cursor)}
            </p>
          </>
        );
      }}
    </Figure>
  );
}
