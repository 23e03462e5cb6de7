/** Who reads, as long as this page lives: the tokens are in memory and nowhere else. */
import { signal } from "@preact/signals";
import { type Config, readConfig } from "./config";
import { CALLBACK, Provider, type Tokens } from "./oidc";

export type Standing = "starting" | "shared" | "signed-in" | "signed-out" | "failed";

export const standing = signal<Standing>("starting");
export const failure = signal("");

/** Renewed this long before the end, and never more often than every five seconds. */
const AHEAD = 60_000;
/** Where a report is shown to whoever has its link: nobody signs in there. */
export const SHARED = `${import.meta.env.BASE_URL}shared`;
const SIGNED_OUT = `${import.meta.env.BASE_URL}signed-out`;

let provider: Provider | null = null;
let tokens: Tokens | null = null;
let renewing: Promise<boolean> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Signs in, or leaves for the provider. */
export async function start(): Promise<void> {
  if (location.pathname === SHARED) {
    standing.value = "shared";
    return;
  }
  try {
    if (location.pathname === CALLBACK) provider = Provider.awaited();
    if (provider !== null) {
      await arrive(provider);
      return;
    }
    const config: Config = await readConfig();
    if (config.issuer === "") {
      standing.value = "signed-in";
      return;
    }
    provider = await Provider.of(config);
    if (location.pathname === SIGNED_OUT) {
      standing.value = "signed-out";
    } else if (location.pathname === CALLBACK) {
      await arrive(provider);
    } else {
      await provider.leave(location.pathname + location.search + location.hash);
    }
  } catch (error) {
    failure.value = error instanceof Error ? error.message : String(error);
    standing.value = "failed";
  }
}

async function arrive(from: Provider): Promise<void> {
  const arrived = await from.arrive();
  keep(arrived.tokens);
  history.replaceState(null, "", arrived.back);
  standing.value = "signed-in";
}

/** Leaves for the provider and comes back to `back`. */
export async function signIn(back = import.meta.env.BASE_URL): Promise<void> {
  if (provider === null) location.assign(back);
  else await provider.leave(back);
}

export function signOut(): void {
  const url = provider?.signOutUrl();
  forget();
  location.assign(url ?? SIGNED_OUT);
}

/** The headers that say who asks. */
export function credentials(): Record<string, string> {
  if (tokens !== null) return { Authorization: `Bearer ${tokens.access}` };
  return provider === null ? { "X-Tenant-ID": "demo" } : {};
}

/** New tokens; false where the provider gives none, and the reader must sign in again. */
export function renew(): Promise<boolean> {
  renewing ??= renewed().finally(() => (renewing = null));
  return renewing;
}

async function renewed(): Promise<boolean> {
  if (provider === null || tokens?.refresh === undefined) return false;
  try {
    keep(await provider.renew(tokens.refresh));
    return true;
  } catch {
    return false;
  }
}

/** Signs in again where no renewal helps; the address stays. */
export async function expired(): Promise<void> {
  forget();
  await signIn(location.pathname + location.search + location.hash);
}

function keep(issued: Tokens): void {
  tokens = issued;
  clearTimeout(timer);
  timer = setTimeout(() => void renew(), Math.max(5_000, issued.expiresAt - Date.now() - AHEAD));
}

function forget(): void {
  tokens = null;
  clearTimeout(timer);
}
