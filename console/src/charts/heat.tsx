/** Values over two parameters: the deeper the colour, the higher the value. */
import { inScale, scaleOf } from "../format/numbers";
import { Figure } from "./figure";

const CELL = 46;

export function Heat(props: { title: string; unit: string; across: { name: string; values: readonly string[] }; down: { name: string; values: readonly string[] }; at: (across: string, down: string) => number | null }) {
  const { across, down } = props;
  const all = down.values.flatMap((row) => across.values.map((column) => props.at(column, row))).filter((value) => value !== null);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number | null): string => inScale(value, scale, { like: largest });
  const height = down.values.length * CELL + 50;
  const values = () => ({
    head: [`${down.name} \\ ${across.name}`, ...across.values],
    rows: down.values.map((row) => [row, ...across.values.map((column) => shown(props.at(column, row)))]),
  });
  return (
    <Figure title={props.title} unit={scale.unit} values={values} height={height}>
      {(width) => {
        const left = Math.max(...down.values.map((value) => value.length), 4) * 7.5 + 26;
        const wide = (width - left - 6) / across.values.length;
        return (
          <svg viewBox={`0 0 ${width} ${height}`} height={height} role="img" aria-label={`${props.title} over ${across.name} and ${down.name}, from ${shown(low)} to ${shown(high)} ${scale.unit}`}>
            <g class="axis">
              {down.values.map((row, place) => (
                <text key={row} x={left - 10} y={place * CELL + CELL / 2 + 4} text-anchor="end">
                  {row}
                </text>
              ))}
              {across.values.map((column, place) => (
                <text key={column} x={left + (place + 0.5) * wide} y={height - 30} text-anchor="middle">
                  {column}
                </text>
              ))}
              <text x={(left + width) / 2} y={height - 8} text-anchor="middle" font-weight={560}>
                {across.name}
              </text>
              <text x={11} y={(down.values.length * CELL) / 2} text-anchor="middle" font-weight={560} transform={`rotate(-90 11 ${(down.values.length * CELL) / 2})`}>
                {down.name}
              </text>
            </g>
            {down.values.map((row, y) =>
              across.values.map((column, x) => {
                const value = props.at(column, row);
                const depth = value === null || high === low ? 0 : (value - low) / (high - low);
                return (
                  <g key={`${column} ${row}`}>
                    <rect x={left + x * wide + 1} y={y * CELL + 1} width={Math.max(1, wide - 2)} height={CELL - 2} rx={4} fill="var(--s1)" fill-opacity={0.06 + depth * 0.4} />
                    <text x={left + (x + 0.5) * wide} y={y * CELL + CELL / 2 + 4} text-anchor="middle" fill="var(--ink)" font-weight={540}>
                      {shown(value)}
                    </text>
                  </g>
                );
              }),
            )}
          </svg>
        );
      }}
    </Figure>
  );
}
