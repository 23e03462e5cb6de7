/** What is around every page: where one can go, and who one is. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { reachable } from "./api/client";
import icon from "./icon.svg";
import { may, me } from "./session/me";
import { signOut } from "./session/session";
import { to } from "./ui/address";
import { Icon } from "./ui/icons";
import { switchTheme, theme } from "./ui/theme";

interface Place {
  path: string;
  title: string;
  icon: string;
  needs?: string;
}

const PLACES: readonly Place[] = [
  { path: "/", title: "Overview", icon: "home" },
  { path: "/scenarios", title: "Scenarios", icon: "scenarios" },
  { path: "/runs", title: "Runs", icon: "runs" },
  { path: "/compare", title: "Compare", icon: "compare" },
  { path: "/reports", title: "Reports", icon: "reports" },
  { path: "/sweeps", title: "Sweeps", icon: "sweeps" },
  { path: "/baselines", title: "Baselines", icon: "baselines" },
  { path: "/operations", title: "Operations", icon: "operations" },
  { path: "/outbox", title: "Outbox", icon: "outbox", needs: "outbox:read" },
  { path: "/webhooks", title: "Webhooks", icon: "webhooks", needs: "outbox:read" },
  { path: "/settings", title: "Settings", icon: "settings", needs: "config:write" },
];

export function Shell(props: { children: ComponentChildren }) {
  const { path } = useLocation();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);

  useEffect(() => {
    setOpen(false);
    // A new page is read from its beginning; the first one leaves the focus where the browser has it.
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <Brand />
        <button type="button" class="button plain icon" aria-label={open ? "Close the menu" : "Open the menu"} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? "close" : "menu"} />
        </button>
      </header>
      <aside class={`side${open ? " open" : ""}`} aria-label="Where to go, and who you are">
        <Brand />
        <nav aria-label="Console">
          <ul>
            {PLACES.filter((place) => place.needs === undefined || may(place.needs)).map((place) => (
              <li key={place.path}>
                <a href={to(place.path)} aria-current={current(path, place.path) ? "page" : undefined}>
                  <Icon name={place.icon} />
                  {place.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Who />
      </aside>
      <main class="main" id="main" ref={main} tabIndex={-1}>
        {!reachable.value && (
          <div class="banner" role="status">
            The API does not answer. What you see may be old; it is asked again until it does.
          </div>
        )}
        {props.children}
      </main>
    </div>
  );
}

function current(path: string, place: string): boolean {
  const here = path.replace(/\/$/, "");
  const there = to(place).replace(/\/$/, "");
  return place === "/" ? here === there : here === there || here.startsWith(`${there}/`);
}

function Brand() {
  return (
    <a class="brand" href={to("/")}>
      <img src={icon} alt="" width={26} height={26} />
      Sextant
    </a>
  );
}

function Who() {
  const reader = me.value;
  if (reader === null) return null;
  return (
    <div class="who">
      <b>{reader.subject}</b>
      <span class="quiet">
        {reader.tenant_id} · {reader.roles.join(", ").replaceAll("_", " ")}
      </span>
      <div class="row">
        <button type="button" class="button plain icon small" onClick={switchTheme} aria-label={theme.value === "dark" ? "Light theme" : "Dark theme"}>
          <Icon name={theme.value === "dark" ? "sun" : "moon"} />
        </button>
        <button type="button" class="button plain small" onClick={signOut}>
          <Icon name="out" /> Sign out
        </button>
      </div>
    </div>
  );
}
