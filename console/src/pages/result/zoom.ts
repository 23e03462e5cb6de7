/** Which places of a long axis are in sight. */
export interface Span {
  first: number;
  last: number;
}

/** No fewer are shown: less is a table's matter. */
const FEWEST = 6;

/** As many places, `steps` of their number later; never beyond the ends. */
export function moved(span: Span, steps: number, count: number): Span {
  const size = span.last - span.first;
  const first = Math.max(0, Math.min(count - 1 - size, span.first + steps * (size + 1)));
  return { first, last: first + size };
}

/** `times` as many places around the same middle; never beyond the ends. */
export function zoomed(span: Span, times: number, count: number): Span {
  const size = Math.min(count, Math.max(FEWEST, Math.round((span.last - span.first + 1) * times)));
  const middle = (span.first + span.last + 1) / 2;
  const first = Math.max(0, Math.min(count - size, Math.round(middle - size / 2)));
  return { first, last: first + size - 1 };
}
