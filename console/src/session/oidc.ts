/** Signing in by OpenID Connect: authorization code with PKCE (RFC 7636). Tokens stay in this module's memory. */
import * as oauth from "oauth4webapi";
import type { Config } from "./config";

const PENDING = "sextant.sign-in";
export const CALLBACK = `${import.meta.env.BASE_URL}signed-in`;

/** What must outlive the way to the provider and back; no token is among it. What was read on the way there is not read again. */
interface Pending {
  config: Config;
  server: oauth.AuthorizationServer;
  state: string;
  nonce: string;
  verifier: string;
  back: string;
}

export interface Tokens {
  access: string;
  refresh: string | undefined;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/* eslint-disable @typescript-eslint/no-deprecated -- so named to make one think: it is for a provider on this machine alone. */
function options(): { [oauth.allowInsecureRequests]?: true } {
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  return local ? { [oauth.allowInsecureRequests]: true } : {};
}
/* eslint-enable @typescript-eslint/no-deprecated */

export class Provider {
  private constructor(
    private readonly server: oauth.AuthorizationServer,
    private readonly config: Config,
  ) {}

  static async of(config: Config): Promise<Provider> {
    const issuer = new URL(config.issuer);
    const answer = config.metadata_url
      ? await fetch(config.metadata_url)
      : await oauth.discoveryRequest(issuer, options());
    return new Provider(await oauth.processDiscoveryResponse(issuer, answer), config);
  }

  /** The provider that this tab left for, whose answer is awaited; null where it left for none. */
  static awaited(): Provider | null {
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null") as Pending | null;
    return pending && new Provider(pending.server, pending.config);
  }

  private get client(): oauth.Client {
    return { client_id: this.config.client_id };
  }

  private get redirect(): string {
    return new URL(CALLBACK, location.origin).href;
  }

  /** Leaves for the provider; it sends the reader back to `back`. */
  async leave(back: string): Promise<void> {
    const pending: Pending = {
      config: this.config,
      server: this.server,
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      back,
    };
    sessionStorage.setItem(PENDING, JSON.stringify(pending));
    const url = new URL(endpoint(this.server.authorization_endpoint, "authorization_endpoint"));
    const query = {
      client_id: this.config.client_id,
      redirect_uri: this.redirect,
      response_type: "code",
      scope: this.config.scope,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    location.assign(url);
  }

  /** The tokens for the code in the address, and where the reader came from. */
  async arrive(): Promise<{ tokens: Tokens; back: string }> {
    const stored = sessionStorage.getItem(PENDING);
    sessionStorage.removeItem(PENDING);
    if (stored === null) throw new Error("This tab did not ask to sign in.");
    const pending = JSON.parse(stored) as Pending;
    const parameters = oauth.validateAuthResponse(this.server, this.client, new URL(location.href), pending.state);
    const answer = await oauth.authorizationCodeGrantRequest(
      this.server,
      this.client,
      oauth.None(),
      parameters,
      this.redirect,
      pending.verifier,
      options(),
    );
    const grant = await oauth.processAuthorizationCodeResponse(this.server, this.client, answer, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    return { tokens: tokensOf(grant), back: pending.back };
  }

  /** New tokens for the refresh token. */
  async renew(refresh: string): Promise<Tokens> {
    const answer = await oauth.refreshTokenGrantRequest(this.server, this.client, oauth.None(), refresh, options());
    const grant = await oauth.processRefreshTokenResponse(this.server, this.client, answer);
    const renewed = tokensOf(grant);
    return { ...renewed, refresh: renewed.refresh ?? refresh };
  }

  /** Where the provider forgets the reader; null where it offers none. */
  signOutUrl(): string | null {
    const end = this.server.end_session_endpoint;
    if (end === undefined) return null;
    const url = new URL(end);
    const back = new URL(`${import.meta.env.BASE_URL}signed-out`, location.origin).href;
    url.searchParams.set("client_id", this.config.client_id);
    // OpenID Connect's name, and Cognito's.
    url.searchParams.set("post_logout_redirect_uri", back);
    url.searchParams.set("logout_uri", back);
    return url.href;
  }
}

function endpoint(value: string | undefined, name: string): string {
  if (value === undefined) throw new Error(`The provider's metadata has no ${name}.`);
  return value;
}

function tokensOf(grant: oauth.TokenEndpointResponse): Tokens {
  return {
    access: grant.access_token,
    refresh: grant.refresh_token,
    expiresAt: Date.now() + (grant.expires_in ?? 300) * 1000,
  };
}
