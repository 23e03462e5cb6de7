/** Icons of 18 by 18, drawn in the text's colour; they say nothing that the text beside them does not. */
const PATHS: Record<string, string> = {
  home: "M3 8.2 9 3l6 5.200V15a.6.6 0 0 1-.6.6h-3.700v-4.400H7.300v4.400H3.600A.6.6 0 0 1 3 15z",
  scenarios: "M3.500 4h11M3.500 9h11M3.500 14h7",
  runs: "M5 3.500v11l9-5.500z",
  compare: "M3 14.500V8M7 14.500v-11M11 14.500V6M15 14.500v-4",
  reports: "M4.500 2.500h6l3 3v10h-9zM10.500 2.500v3h3M7 9h4M7 12h4",
  sweeps: "M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 10h5v5h-5z",
  baselines: "M9 3c3.600 0 6 1 6 2.200S12.600 7.400 9 7.400 3 6.400 3 5.200 5.400 3 9 3zM3 5.200V9c0 1.200 2.400 2.200 6 2.200s6-1 6-2.200V5.200M3 9v3.800C3 14 5.400 15 9 15s6-1 6-2.200V9",
  operations: "M9 2.500 16 14.800H2zM9 7v3.500M9 12.600v.2",
  outbox: "M2.800 9.500 5 3.500h8l2.200 6v5H2.800zM2.800 9.500h3.700l1 2h3l1-2h3.700",
  webhooks: "M15.500 2.500 2.500 7.800l5 2.700 2.700 5zM7.500 10.500l8-8",
  settings: "M3 5.500h6M13 5.500h2M3 12.500h2M9 12.500h6M11 3.500v4M7 10.500v4",
  moon: "M14.500 10.800A6 6 0 0 1 7.200 3.500a6 6 0 1 0 7.300 7.300z",
  sun: "M9 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM9 1.500v1.500M9 15v1.500M1.500 9H3M15 9h1.500M3.700 3.700l1 1M13.300 13.300l1 1M3.700 14.300l1-1M13.300 4.700l1-1",
  out: "M7 3H3.500v12H7M11 5.500 14.500 9 11 12.500M14.500 9H7",
  menu: "M3 5h12M3 9h12M3 13h12",
  close: "M4.500 4.500l9 9M13.500 4.500l-9 9",
  plus: "M9 3.500v11M3.500 9h11",
};

export function Icon(props: { name: keyof typeof PATHS }) {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  );
}
