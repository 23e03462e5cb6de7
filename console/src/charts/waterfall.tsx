/** From one value to another in steps: what each assumption adds. */
import { inScale, scaleOf } from "../format/numbers";
import { Figure } from "./figure";
import { extent, linear } from "./scale";

export interface Step {
  label: string;
  change: number;
}

const ROW = 40;

export function Waterfall(props: { title: string; unit: string; from: { label: string; value: number }; to: { label: string; value: number }; steps: readonly Step[] }) {
  const bars: { label: string; start: number; end: number; whole: boolean; value: number }[] = [
    { label: props.from.label, start: 0, end: props.from.value, whole: true, value: props.from.value },
  ];
  let reached = props.from.value;
  for (const step of props.steps) {
    bars.push({ label: step.label, start: reached, end: reached + step.change, whole: false, value: step.change });
    reached += step.change;
  }
  bars.push({ label: props.to.label, start: 0, end: props.to.value, whole: true, value: props.to.value });
  const largest = Math.max(...bars.map((bar) => Math.max(Math.abs(bar.start), Math.abs(bar.end))));
  const scale = scaleOf(props.unit, largest);
  const shown = (bar: (typeof bars)[number]): string => inScale(bar.value, scale, { signed: !bar.whole, like: largest });
  const [low, high] = extent(bars.flatMap((bar) => [bar.start, bar.end]), true);
  const height = bars.length * ROW + 26;
  const values = () => ({ head: ["Step", scale.unit], rows: bars.map((bar) => [bar.label, shown(bar)]) });
  return (
    <Figure title={props.title} unit={scale.unit} values={values} height={height}>
      {(width) => {
        const narrow = width < 520;
        const left = narrow ? 8 : Math.min(240, width * 0.34);
        const x = linear(low / scale.factor, high / scale.factor, left, width - 64, narrow ? 3 : 5);
        return (
          <svg viewBox={`0 0 ${width} ${height}`} height={height} role="img" aria-label={`${props.title}: ${bars.map((bar) => `${bar.label} ${shown(bar)} ${scale.unit}`).join("; ")}`}>
            <g class="axis">
              {x.ticks.map((tick) => (
                <g key={tick}>
                  <line class={tick === 0 ? "zero" : "gridline"} x1={x.at(tick)} x2={x.at(tick)} y1={0} y2={height - 24} />
                  <text x={x.at(tick)} y={height - 6} text-anchor="middle">
                    {tick.toLocaleString("en-GB").replace("-", "−")}
                  </text>
                </g>
              ))}
            </g>
            {bars.slice(1).map((bar, place) => {
              const end = x.at((bars[place]?.end ?? 0) / scale.factor);
              const y = place * ROW + (narrow ? 17 : 8);
              return <line key={bar.label} class="cursor" x1={end} x2={end} y1={y + (narrow ? 16 : 24)} y2={y + ROW} />;
            })}
            {bars.map((bar, place) => {
              const a = x.at(bar.start / scale.factor);
              const b = x.at(bar.end / scale.factor);
              const y = place * ROW + (narrow ? 17 : 8);
              const tall = narrow ? 16 : 24;
              const colour = bar.whole ? "var(--ink-3)" : bar.value < 0 ? "var(--bad)" : "var(--good)";
              return (
                <g key={bar.label}>
                  <text x={narrow ? left : left - 12} y={narrow ? place * ROW + 12 : y + 16} text-anchor={narrow ? "start" : "end"} fill="var(--ink-2)" font-weight={bar.whole ? 600 : 450} stroke="var(--surface)" stroke-width={4} paint-order="stroke">
                    {clip(bar.label, narrow ? 44 : Math.floor(left / 6.6))}
                  </text>
                  <rect x={Math.min(a, b)} width={Math.max(1.5, Math.abs(a - b))} y={y} height={tall} rx={2.500} fill={colour} />
                  <text x={Math.max(a, b) + 7} y={y + tall / 2 + 4} fill="var(--ink)" font-weight={560}>
                    {shown(bar)}
                  </text>
                </g>
              );
            })}
          </svg>
        );
      }}
    </Figure>
  );
}

function clip(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}
