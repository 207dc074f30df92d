/** The REST API, typed by its own description: tokens, idempotency keys, versions, errors, timeouts and retries. */

import type { Operations } from "../generated/api.ts";
import type { Intents } from "./intents.ts";
import { ApiError, problemOf } from "./problem.ts";

export type Operation = keyof Operations;

/** Who asks. */
export interface Caller {
  /** An access token; null where nobody is signed in. renew: the one given before was refused. */
  readonly access: (renew?: boolean) => Promise<string | null>;
  /** The token was refused, and so was a fresh one. */
  readonly signedOut: () => void;
}

interface Given<Name extends Operation> {
  /** For the names in the path, in braces. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Operations[Name]["query"];
  readonly body?: Operations[Name]["body"];
  /** What the person means to do, such as "check out basket-1": gives the request its idempotency key. */
  readonly intent?: string;
  /** Whether the key stays after success, until `intents.end`: a reload then finds the first answer again. */
  readonly keep?: boolean;
  /** The ETag that the thing must still have: otherwise the error is of the kind "stale". */
  readonly ifMatch?: string;
  /** An ETag that is at hand: where the thing still has it, the answer has no data. */
  readonly ifNoneMatch?: string;
  readonly signal?: AbortSignal;
}

export interface Answer<Data> {
  /** Null for 304 alone: nothing changed. */
  readonly data: Data | null;
  readonly etag: string | null;
}

/** In milliseconds. */
export const WITHIN = 10_000;
const WAITS = [300, 1_000];
const LONGEST_WAIT = 5_000;

export interface Waits {
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
}

const REAL: Waits = {
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
};

export class Api {
  private readonly underWay = new Map<string, Promise<Answer<unknown>>>();

  constructor(
    /** Without a slash at its end. */
    private readonly address: string,
    private readonly caller: Caller,
    readonly intents: Intents,
    private readonly waits: Waits = REAL,
  ) {}

  /** The data of an operation. Throws ApiError. */
  async get<Name extends Operation>(name: Name, given: Given<Name> = {}): Promise<Operations[Name]["answer"]> {
    const { data } = await this.ask(name, given);
    return data as Operations[Name]["answer"];
  }

  /** The data of an operation, and its version. What is meant once is sent once: a double tap gets the same answer.
   *
   * Throws ApiError. Reads, and writes with an intent, are retried when no answer came or it says to come back.
   */
  async ask<Name extends Operation>(name: Name, given: Given<Name> = {}): Promise<Answer<Operations[Name]["answer"]>> {
    const { intent } = given;
    if (intent === undefined) return this.tried(name, given);
    const running = this.underWay.get(intent);
    if (running) return running as Promise<Answer<Operations[Name]["answer"]>>;
    const asked = this.meant(name, given, intent).finally(() => this.underWay.delete(intent));
    this.underWay.set(intent, asked);
    return asked;
  }

  private async meant<Name extends Operation>(
    name: Name,
    given: Given<Name>,
    intent: string,
  ): Promise<Answer<Operations[Name]["answer"]>> {
    const key = this.intents.key(intent, JSON.stringify([name, given.path, given.query, given.body]));
    const answer = await this.tried(name, given, key);
    if (!given.keep) this.intents.end(intent);
    return answer;
  }

  private async tried<Name extends Operation>(
    name: Name,
    given: Given<Name>,
    key?: string,
  ): Promise<Answer<Operations[Name]["answer"]>> {
    const repeatable = name.startsWith("GET ") || name.startsWith("POST /api/search/") || key !== undefined;
    let renewed = false;
    for (let tries = 0; ; ) {
      try {
        return await this.once(name, given, key, renewed);
      } catch (error) {
        if (!(error instanceof ApiError) || given.signal?.aborted) throw error;
        if (error.kind === "unauthenticated") {
          if (error.status === 0 || renewed) {
            this.caller.signedOut();
            throw error;
          }
          renewed = true;
          continue;
        }
        const wait = WAITS[tries];
        if (!repeatable || !error.passes || wait === undefined) throw error;
        const asked = Math.max(wait * (0.5 + this.waits.random()), error.retryAfter * 1000);
        if (asked > LONGEST_WAIT) throw error;
        await this.waits.sleep(asked);
        tries += 1;
      }
    }
  }

  /** Throws ApiError: what the caller's own request for a token threw, or offline where the pool does not answer. */
  private async token(renew: boolean): Promise<string | null> {
    try {
      return await this.caller.access(renew);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError("offline", "", 0);
    }
  }

  private async once<Name extends Operation>(
    name: Name,
    given: Given<Name>,
    key: string | undefined,
    renewed: boolean,
  ): Promise<Answer<Operations[Name]["answer"]>> {
    const token = await this.token(renewed);
    if (token === null) throw new ApiError("unauthenticated", "", 0);
    const [method = "GET", template = ""] = name.split(" ");
    const headers: Record<string, string> = { accept: "application/problem+json, application/json" };
    headers.authorization = `Bearer ${token}`;
    if (key !== undefined) headers["idempotency-key"] = key;
    if (given.ifMatch !== undefined) headers["if-match"] = given.ifMatch;
    if (given.ifNoneMatch !== undefined) headers["if-none-match"] = given.ifNoneMatch;
    const request: RequestInit = { method, headers, cache: "no-store", credentials: "omit" };
    if (method !== "GET") {
      headers["content-type"] = "application/json";
      request.body = JSON.stringify(given.body ?? {});
    }
    const response = await answered(this.address + place(template, given), request, given.signal);
    if (response.status === 304) return { data: null, etag: response.headers.get("etag") };
    if (!response.ok) throw await problemOf(response);
    const data = await read<Operations[Name]["answer"]>(response);
    return { data, etag: response.headers.get("etag") };
  }
}

/** A path with its names filled in, and its query. */
function place(
  template: string,
  given: { path?: Readonly<Record<string, string>>; query?: object | undefined },
): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given.path?.[name];
    if (!value) throw new Error(`${template} needs ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given.query ?? {})) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

/** A response, within time. What does not answer is offline; what the page itself gave up is thrown as it is. */
async function answered(address: string, request: RequestInit, signal?: AbortSignal): Promise<Response> {
  const ended = AbortSignal.timeout(WITHIN);
  try {
    return await fetch(address, { ...request, signal: signal ? AbortSignal.any([signal, ended]) : ended });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("offline", "", 0);
  }
}

async function read<Data>(response: Response): Promise<Data> {
  try {
    return (await response.json()) as Data;
  } catch {
    // Cut in the middle: as if it had not come.
    throw new ApiError("offline", "", 0);
  }
}
