/** How this deployment signs people in: `config.json` beside the console's files, written by whoever serves them. */
export interface Config {
  /** The OpenID provider; empty where the API asks for no token. */
  issuer: string;
  client_id: string;
  scope: string;
  /** Where the provider's metadata is, unless it is at the issuer's well-known place. */
  metadata_url?: string;
}

export async function readConfig(): Promise<Config> {
  const answer = await fetch(`${import.meta.env.BASE_URL}config.json`, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json of the console answered ${answer.status}`);
  return (await answer.json()) as Config;
}
