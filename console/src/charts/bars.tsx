/** Lengths side by side. */
import { inScale, scaleOf } from "../format/numbers";
import { Figure } from "./figure";

const ROW = 27;

export function Bars(props: { title: string; unit: string; bars: readonly { label: string; value: number; colour: string }[] }) {
  const largest = Math.max(...props.bars.map((bar) => bar.value), 0);
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number): string => inScale(value, scale, { like: largest });
  const height = props.bars.length * ROW + 8;
  const said = props.bars.map((bar) => `${bar.label} ${shown(bar.value)}`).join(", ");
  return (
    <Figure title={props.title} unit={scale.unit} values={() => ({ head: ["", scale.unit], rows: props.bars.map((bar) => [bar.label, shown(bar.value)]) })} height={height}>
      {(width) => (
        <svg viewBox={`0 0 ${width} ${height}`} height={height} role="img" aria-label={`${props.title} in ${scale.unit}: ${said}`}>
          {props.bars.map((bar, place) => {
            const long = (bar.value / (largest || 1)) * (width - 190);
            return (
              <g key={bar.label} class="axis">
                <text x={112} y={place * ROW + 17} text-anchor="end">
                  {bar.label}
                </text>
                <rect x={122} y={place * ROW + 4} width={Math.max(1, long)} height={ROW - 9} rx={3} fill={bar.colour} />
                <text x={122 + long + 7} y={place * ROW + 17}>
                  {shown(bar.value)}
                </text>
              </g>
            );
          })}
        </svg>
      )}
    </Figure>
  );
}
