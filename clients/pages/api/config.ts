/** What a deployment tells its pages: config.json, beside each page's index.html (infra/operate/publish_pages.py). */

export interface DevelopmentUser {
  readonly role: string;
  readonly name: string;
  readonly password: string;
}

export interface Config {
  readonly stage: string;
  /** Of the REST API, without a slash at its end; the paths begin with /api. */
  readonly api: string;
  /** Of the WebSocket API, with its stage. */
  readonly socket: string;
  /** Of the user pool's managed login. */
  readonly signIn: string;
  readonly staffClient: string;
  readonly kioskClient: string;
  /** Of the user pool's own API. */
  readonly identity: string;
  /** On the local cloud alone: whom a developer may choose to be. */
  readonly users: readonly DevelopmentUser[];
  /** On the local cloud alone, while its launcher runs: what breaks things to be watched (infra/local/control.py). */
  readonly control?: {
    readonly address: string;
    readonly token: string;
    /** The arguments of `make` that name this mall; empty for the usual one. */
    readonly here: string;
  };
}

const TEXTS = ["stage", "api", "socket", "signIn", "staffClient", "kioskClient", "identity"] as const;

const ADDRESS = "./config.json";

/** As it was loaded; "" before. */
let loaded = "";

/** Fetches config.json. Throws Error where there is none, or where it lacks something. */
export async function loadConfig(address = ADDRESS): Promise<Config> {
  const config = await fetchConfig(address);
  loaded = JSON.stringify(config);
  return config;
}

/** Whether the page was told something else when it loaded config.json. Throws Error as `loadConfig` does. */
export async function isReplaced(address = ADDRESS): Promise<boolean> {
  return JSON.stringify(await fetchConfig(address)) !== loaded;
}

async function fetchConfig(address: string): Promise<Config> {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return readConfig(await response.json());
}

export function readConfig(value: unknown): Config {
  const told = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  for (const name of TEXTS) if (typeof told[name] !== "string") throw new Error(`config.json has no ${name}`);
  const { users } = told;
  const config = { ...told, users: Array.isArray(users) ? users : [] } as unknown as Config;
  return { ...config, api: config.api.replace(/\/+$/, "") };
}
