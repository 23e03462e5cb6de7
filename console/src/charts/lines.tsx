/** Lines over years, with bands where there are draws. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { inScale, scaleOf } from "../format/numbers";
import { seriesColour } from "./colours";
import { Figure } from "./figure";
import { Plot, type Room } from "./plot";
import { apart, extent } from "./scale";

export interface Line {
  label: string;
  /** Aligned with the chart's places; null is a gap. */
  values: readonly (number | null)[];
  low?: readonly (number | null)[] | undefined;
  high?: readonly (number | null)[] | undefined;
  colour?: string;
}

export function Lines(props: {
  title: string;
  unit: string;
  places: readonly string[];
  lines: readonly Line[];
  axis?: string;
  height?: number;
  signed?: boolean;
  /** The axis ends here: what is higher leaves the picture, and is said in words. */
  cut?: number | undefined;
  actions?: ComponentChildren;
}) {
  const { cut = Infinity } = props;
  const area = useId();
  const lines = props.lines.map((line, place) => ({ ...line, colour: line.colour ?? seriesColour(place) }));
  const all = lines.flatMap((line) => [...line.values, ...(line.low ?? []), ...(line.high ?? [])]);
  const largest = Math.max(...all.map((value) => Math.abs(value ?? 0)), 0);
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number | null | undefined): string => inScale(value, scale, { like: largest, signed: props.signed ?? false });
  const [low, high] = extent(all);
  const unit = scale.unit === "1" ? undefined : scale.unit;
  const values = () => ({
    head: [props.axis ?? "Year", ...lines.flatMap((line) => (line.low ? [line.label, `${line.label}, P5`, `${line.label}, P95`] : [line.label]))],
    rows: props.places.map((place, index) => [
      place,
      ...lines.flatMap((line) => (line.low ? [shown(line.values[index]), shown(line.low[index]), shown(line.high?.[index])] : [shown(line.values[index])])),
    ]),
  });
  const tip = (index: number) => ({
    title: props.places[index] ?? "",
    items: lines.map((line) => {
      const band = line.low && line.high ? ` (${shown(line.low[index])} to ${shown(line.high[index])})` : "";
      return { label: line.label, colour: line.colour, value: `${shown(line.values[index])}${unit ? ` ${unit}` : ""}${band}` };
    }),
  });
  return (
    <Figure title={props.title} unit={unit} legend={lines} values={values} actions={props.actions} {...(props.height ? { height: props.height } : {})}>
      {(width) => {
        const named = lines.length > 1 && lines.length <= 6 && width > 620;
        return (
          <Plot
            label={props.title}
            width={width}
            {...(props.height ? { height: props.height } : {})}
            places={props.places}
            domain={[low / scale.factor, Math.min(high, cut) / scale.factor]}
            margin={named ? 128 : 12}
            tip={tip}
          >
            {(room) => (
              <>
                <clipPath id={area}>
                  <rect x={room.left - 2} y={room.top} width={room.right - room.left + 4} height={room.bottom - room.top + 2} />
                </clipPath>
                {lines.map((line) => line.low && line.high && <path key={`${line.label} band`} d={band(line.low, line.high, room, scale.factor)} fill={line.colour} fill-opacity={0.16} />)}
                {lines.map((line) => (
                  <g key={line.label}>
                    <path d={path(line.values, room, scale.factor)} clip-path={cut < Infinity ? `url(#${area})` : undefined} fill="none" stroke={line.colour} stroke-width={2} stroke-linejoin="round" stroke-linecap="round" />
                    {props.places.length === 1 && <circle cx={room.x(0)} cy={room.y.at((line.values[0] ?? 0) / scale.factor)} r={4} fill={line.colour} />}
                  </g>
                ))}
                {lines
                  .filter((line) => line.values.some((value) => (value ?? 0) > cut))
                  .map((line, place) => (
                    <text key={line.label} x={room.x(line.values.findIndex((value) => (value ?? 0) > cut)) + 22} y={room.top + 12 + place * 16} fill={line.colour} stroke="var(--surface)" stroke-width={4} paint-order="stroke" font-weight={560}>
                      ↑ up to {shown(Math.max(...line.values.map((value) => value ?? 0)))}
                      {lines.length > 1 && ` in ${line.label}`}
                    </text>
                  ))}
                {named && <Names lines={lines} room={room} factor={scale.factor} />}
              </>
            )}
          </Plot>
        );
      }}
    </Figure>
  );
}

/** Each line's name at its end. */
function Names(props: { lines: readonly (Line & { colour: string })[]; room: Room; factor: number }) {
  const { room, factor } = props;
  const ends = props.lines.map((line) => room.y.at((line.values.findLast((value) => value !== null) ?? 0) / factor));
  const places = apart(ends, 15, room.top + 4, room.bottom);
  return (
    <g>
      {props.lines.map((line, index) => (
        <text key={line.label} x={room.right + 8} y={(places[index] ?? 0) + 4} fill={line.colour} font-size={11.5} font-weight={560}>
          {line.label.length > 19 ? `${line.label.slice(0, 18)}…` : line.label}
        </text>
      ))}
    </g>
  );
}

export function path(values: readonly (number | null)[], room: Room, factor: number): string {
  let pen = "M";
  return values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${room.x(index).toFixed(1)} ${room.y.at(value / factor).toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

export function band(low: readonly (number | null)[], high: readonly (number | null)[], room: Room, factor: number): string {
  const inside = low.map((_, index) => index).filter((index) => low[index] !== null && high[index] !== null);
  const point = (values: readonly (number | null)[], index: number): string => `${room.x(index).toFixed(1)} ${room.y.at((values[index] ?? 0) / factor).toFixed(1)}`;
  if (inside.length === 0) return "";
  return `M${inside.map((index) => point(high, index)).join("L")}L${inside.toReversed().map((index) => point(low, index)).join("L")}Z`;
}
