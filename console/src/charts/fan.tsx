/** A fan: the middle of the draws, and bands around it that hold more and more of them. */
import type { ComponentChildren } from "preact";
import { inScale, scaleOf } from "../format/numbers";
import { Figure } from "./figure";
import { band, path } from "./lines";
import { Plot } from "./plot";
import { extent } from "./scale";

export interface Percentile {
  percent: number;
  values: readonly (number | null)[];
}

export function Fan(props: { title: string; unit: string; places: readonly string[]; percentiles: readonly Percentile[]; height?: number; actions?: ComponentChildren }) {
  const height = props.height ?? 280;
  const percentiles = [...props.percentiles].sort((a, b) => a.percent - b.percent);
  const middle = percentiles.find((one) => one.percent === 50);
  const bands = percentiles
    .filter((one) => one.percent < 50)
    .flatMap((low) => {
      const high = percentiles.find((one) => one.percent === 100 - low.percent);
      return high ? [{ low, high }] : [];
    });
  const all = percentiles.flatMap((one) => one.values);
  const largest = Math.max(...all.map((value) => Math.abs(value ?? 0)), 0);
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number | null | undefined): string => inScale(value, scale, { like: largest });
  const [low, high] = extent(all);
  const name = (one: Percentile): string => (one.percent === 50 ? "Median" : `P${one.percent}`);
  const values = () => ({
    head: ["Year", ...percentiles.map(name)],
    rows: props.places.map((place, index) => [place, ...percentiles.map((one) => shown(one.values[index]))]),
  });
  const tip = (index: number) => ({
    title: props.places[index] ?? "",
    items: percentiles.toReversed().map((one) => ({ label: name(one), colour: "var(--s1)", value: `${shown(one.values[index])} ${scale.unit}` })),
  });
  const depth = (place: number): number => 0.14 + (0.2 * place) / Math.max(1, bands.length);
  const legend = [
    { label: "Median", colour: "var(--s1)" },
    ...bands.map((one, place) => ({
      label: `${one.high.percent - one.low.percent} % of the draws`,
      colour: `color-mix(in srgb, var(--s1) ${Math.round((depth(place) + place * 0.12) * 100)}%, var(--surface))`,
      square: true,
    })),
  ];
  return (
    <Figure title={props.title} unit={scale.unit} legend={legend} values={values} height={height} actions={props.actions}>
      {(width) => (
        <Plot label={props.title} width={width} height={height} places={props.places} domain={[low / scale.factor, high / scale.factor]} margin={12} tip={tip}>
          {(room) => (
            <>
              {bands.map((one, place) => (
                <path key={one.low.percent} d={band(one.low.values, one.high.values, room, scale.factor)} fill="var(--s1)" fill-opacity={depth(place)} />
              ))}
              {middle && <path d={path(middle.values, room, scale.factor)} fill="none" stroke="var(--s1)" stroke-width={2} />}
            </>
          )}
        </Plot>
      )}
    </Figure>
  );
}
