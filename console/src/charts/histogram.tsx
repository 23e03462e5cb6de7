/** How often values come: bars of one width, and lines where something stands among them. */
import type { ComponentChildren } from "preact";
import { inScale, percent, scaleOf, several } from "../format/numbers";
import { binsOf } from "./bins";
import { Figure } from "./figure";
import { Plot } from "./plot";

export interface Mark {
  label: string;
  value: number;
}

export function Histogram(props: { title: string; unit: string; noun: string; values: readonly number[]; marks: readonly Mark[]; height?: number; actions?: ComponentChildren }) {
  const height = props.height ?? 280;
  const { low, width: wide, counts } = binsOf(props.values);
  const end = low + wide * counts.length;
  const largest = Math.max(Math.abs(low), Math.abs(end));
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number): string => inScale(value, scale, { like: largest });
  const from = (bin: number): number => low + bin * wide;
  const span = (bin: number): string => `${shown(from(bin))} to ${shown(from(bin + 1))}`;
  const share = (count: number): string => percent(count / Math.max(1, props.values.length));
  const values = () => ({
    head: [scale.unit, several(props.values.length, props.noun), "Share"],
    rows: counts.map((count, bin) => [span(bin), String(count), share(count)]),
  });
  const tip = (bin: number) => ({
    title: `${span(bin)} ${scale.unit}`,
    items: [{ label: several(counts[bin] ?? 0, props.noun), colour: "var(--s1)", value: share(counts[bin] ?? 0) }],
  });
  return (
    <Figure title={props.title} unit={scale.unit} values={values} height={height} actions={props.actions}>
      {(width) => (
        <Plot label={props.title} width={width} height={height} places={counts.map((_, bin) => shown(from(bin) + wide / 2))} bars labelWidth={60} domain={[0, Math.max(...counts, 1)]} tip={tip}>
          {(room) => {
            const x = (value: number): number => room.left + ((value - low) / (end - low)) * (room.right - room.left);
            return (
              <>
                {counts.map((count, bin) => (
                  <rect key={bin} x={room.x(bin) - room.step / 2 + 0.75} width={Math.max(1, room.step - 1.5)} y={room.y.at(count)} height={room.bottom - room.y.at(count)} fill="var(--s1)" fill-opacity={0.75} />
                ))}
                {props.marks.map((mark, place) => (
                  <g key={mark.label}>
                    <line x1={x(mark.value)} x2={x(mark.value)} y1={room.top} y2={room.bottom} stroke="var(--ink-2)" stroke-width={1.2} stroke-dasharray="4 3" />
                    <text x={x(mark.value) + 4} y={room.top + 9 + (place % 4) * 14} fill="var(--ink-2)" stroke="var(--surface)" stroke-width={4} paint-order="stroke" font-weight={560}>
                      {mark.label}
                    </text>
                  </g>
                ))}
              </>
            );
          }}
        </Plot>
      )}
    </Figure>
  );
}
