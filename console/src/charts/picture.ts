/** A drawing as a PNG: what is seen, twice as sharp. */

const PAINTED = ["fill", "stroke"] as const;
const COPIED = ["stroke-dasharray", "stroke-width", "opacity", "fill-opacity", "font-size", "font-weight", "font-family", "paint-order"] as const;

/** Downloads the drawing with its title above it and the legend's entries below. */
export async function savePicture(
  svg: SVGSVGElement,
  title: string,
  legend: readonly { label: string; colour: string }[],
): Promise<void> {
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true) as SVGSVGElement;
  inline(svg, copy);
  const style = getComputedStyle(document.documentElement);
  const paint = (name: string): string => style.getPropertyValue(name).trim();
  const head = 34;
  const rows = Math.ceil(legend.length / 4);
  const foot = legend.length > 1 ? 14 + rows * 18 : 8;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  for (const [name, value] of Object.entries({ x: "0", y: String(head), width: String(width), height: String(height) })) {
    copy.setAttribute(name, value);
  }
  const resolved = (colour: string): string => (colour.startsWith("var(") ? paint(colour.slice(4, -1)) : colour);
  const entries = foot > 8 ? legend.map((entry, place) => {
    const x = 12 + (place % 4) * ((width - 24) / 4);
    const y = head + height + 16 + Math.floor(place / 4) * 18;
    return `<rect x="${x}" y="${y - 8}" width="9" height="9" rx="2" fill="${resolved(entry.colour)}"/><text x="${x + 14}" y="${y}" font-size="11" fill="${paint("--ink-2")}">${escaped(entry.label)}</text>`;
  }) : [];
  const whole =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${head + height + foot}" font-family="Inter, sans-serif">` +
    `<rect width="100%" height="100%" fill="${paint("--surface")}"/>` +
    `<text x="12" y="22" font-size="14" font-weight="600" fill="${paint("--ink")}">${escaped(title)}</text>` +
    new XMLSerializer().serializeToString(copy) +
    entries.join("") +
    "</svg>";
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([whole], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = width * 2;
    canvas.height = (head + height + foot) * 2;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const png = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (png) save(png, `${fileName(title)}.png`);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export function fileName(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Writes what the style sheets say into the copy's attributes: an image has no style sheets. */
function inline(from: Element, into: Element): void {
  const style = getComputedStyle(from);
  for (const name of PAINTED) into.setAttribute(name, style.getPropertyValue(name));
  for (const name of COPIED) {
    const value = style.getPropertyValue(name);
    if (value) into.setAttribute(name, value);
  }
  into.removeAttribute("class");
  for (const [place, child] of [...from.children].entries()) {
    const other = into.children[place];
    if (other) inline(child, other);
  }
}
