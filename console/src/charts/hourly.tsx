/** Values by the hour: lines, or layers on one another, over as many hours as are in sight. */
import type { ComponentChildren } from "preact";
import { inScale, scaleOf } from "../format/numbers";
import type { HourName } from "../format/hours";
import { columnsOf } from "./columns";
import { Figure } from "./figure";
import { Plot, type Room } from "./plot";
import { extent } from "./scale";

export interface Track {
  label: string;
  colour: string;
  values: readonly (number | null)[];
}

const HEIGHT = 340;
/** A table of more is of no use to anybody, and slow. */
const MOST_ROWS = 336;

export function Hourly(props: {
  title: string;
  unit: string;
  hours: readonly HourName[];
  tracks: readonly Track[];
  stacked: boolean;
  actions?: ComponentChildren;
  select: (first: number, last: number) => void;
}) {
  const { hours, stacked } = props;
  const tracks = stacked ? props.tracks.filter((track) => track.values.some((value) => value)) : props.tracks;
  const sums = stacked ? hours.map((_, hour) => tracks.reduce((sum, track) => sum + (track.values[hour] ?? 0), 0)) : [];
  const [low, high] = extent(stacked ? sums : tracks.flatMap((track) => track.values), stacked);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const scale = scaleOf(props.unit, largest);
  const shown = (value: number | null | undefined): string => inScale(value, scale, { like: largest });
  const values = () => ({
    head: ["Hour", ...tracks.map((track) => track.label)],
    rows: hours.slice(0, MOST_ROWS).map((hour, place) => [hour.long, ...tracks.map((track) => shown(track.values[place]))]),
    note: hours.length > MOST_ROWS ? `These are the first ${MOST_ROWS} of ${hours.length} hours in sight: zoom in for others, or take the CSV.` : undefined,
  });
  const tip = (place: number) => ({
    title: hours[place]?.long ?? "",
    items: tracks
      .filter((track) => !stacked || track.values[place])
      .toReversed()
      .map((track) => ({ label: track.label, colour: track.colour, value: `${shown(track.values[place])} ${scale.unit}` })),
  });
  return (
    <Figure title={props.title} unit={scale.unit} legend={tracks.map((track) => ({ ...track, square: stacked }))} values={values} height={HEIGHT} actions={props.actions}>
      {(width) => (
        <Plot
          label={props.title}
          width={width}
          height={HEIGHT}
          places={hours.map((hour) => hour.short)}
          labelWidth={78}
          domain={[low / scale.factor, high / scale.factor]}
          tip={tip}
          select={props.select}
        >
          {(room) => (stacked ? layers(tracks, room, scale.factor) : tracks.map((track) => <path key={track.label} d={line(track.values, room, scale.factor)} fill="none" stroke={track.colour} stroke-width={1.5} stroke-linejoin="round" />))}
        </Plot>
      )}
    </Figure>
  );
}

/** A line from each column's lowest value to its highest: a peak of one hour stays in sight. */
function line(values: readonly (number | null)[], room: Room, factor: number): string {
  return columnsOf(values, room.right - room.left)
    .flatMap((column) => (column.low === column.high ? [[column.at, column.mean]] : [[column.at, column.low], [column.at, column.high]]) as [number, number][])
    .map(([place, value], index) => `${index === 0 ? "M" : "L"}${room.x(place).toFixed(1)} ${room.y.at(value / factor).toFixed(1)}`)
    .join("");
}

function layers(tracks: readonly Track[], room: Room, factor: number) {
  let below: number[] = [];
  return tracks.map((track) => {
    const columns = columnsOf(track.values.map((value) => value ?? 0), room.right - room.left);
    const base = columns.map((_, index) => below[index] ?? 0);
    const top = columns.map((column, index) => (base[index] ?? 0) + column.mean);
    below = top;
    const point = (heights: readonly number[], index: number): string => `${room.x(columns[index]?.at ?? 0).toFixed(1)} ${room.y.at((heights[index] ?? 0) / factor).toFixed(1)}`;
    const places = columns.map((_, index) => index);
    return <path key={track.label} d={`M${places.map((index) => point(top, index)).join("L")}L${places.toReversed().map((index) => point(base, index)).join("L")}Z`} fill={track.colour} />;
  });
}
