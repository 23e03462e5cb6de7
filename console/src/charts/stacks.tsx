/** Stacked bars over years: what a whole is made of. */
import { inScale, scaleOf } from "../format/numbers";
import { Figure } from "./figure";
import { Plot } from "./plot";

export interface Layer {
  label: string;
  colour: string;
  values: readonly number[];
}

export function Stacks(props: { title: string; unit: string; places: readonly string[]; layers: readonly Layer[]; height?: number }) {
  const height = props.height ?? 260;
  const layers = props.layers.filter((layer) => layer.values.some((value) => value !== 0));
  const tops = props.places.map((_, index) => layers.reduce((sum, layer) => sum + Math.max(0, layer.values[index] ?? 0), 0));
  const lows = props.places.map((_, index) => layers.reduce((sum, layer) => sum + Math.min(0, layer.values[index] ?? 0), 0));
  const largest = Math.max(...tops, 0);
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number | undefined): string => inScale(value, scale, { like: largest });
  const values = () => ({
    head: ["Year", ...layers.map((layer) => layer.label), "Total"],
    rows: props.places.map((place, index) => [
      place,
      ...layers.map((layer) => shown(layer.values[index])),
      shown(layers.reduce((sum, layer) => sum + (layer.values[index] ?? 0), 0)),
    ]),
  });
  const tip = (index: number) => ({
    title: props.places[index] ?? "",
    items: layers
      .filter((layer) => layer.values[index])
      .toReversed()
      .map((layer) => ({ label: layer.label, colour: layer.colour, value: `${shown(layer.values[index])} ${scale.unit}` })),
  });
  return (
    <Figure title={props.title} unit={scale.unit} legend={layers.map((layer) => ({ ...layer, square: true }))} values={values} height={height}>
      {(width) => (
        <Plot label={props.title} width={width} height={height} places={props.places} bars domain={[Math.min(...lows, 0) / scale.factor, (largest || 1) / scale.factor]} tip={tip}>
          {(room) =>
            props.places.map((place, index) => {
              let top = 0;
              let low = 0;
              const wide = Math.max(1, Math.min(44, room.step * 0.76));
              return (
                <g key={place}>
                  {layers.map((layer) => {
                    const value = (layer.values[index] ?? 0) / scale.factor;
                    if (value === 0) return null;
                    const from = value > 0 ? top : low;
                    if (value > 0) top += value;
                    else low += value;
                    const a = room.y.at(from);
                    const b = room.y.at(from + value);
                    return <rect key={layer.label} x={room.x(index) - wide / 2} width={wide} y={Math.min(a, b)} height={Math.abs(a - b)} fill={layer.colour} />;
                  })}
                </g>
              );
            })
          }
        </Plot>
      )}
    </Figure>
  );
}
