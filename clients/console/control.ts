/** The control server of a local mall, which breaks things and mends them. It is no part of the mall, so it answers while
 * the mall does not.
 */

import type { Config } from "../pages/api/config.ts";

export const FAULTS = ["payments", "robot", "message", "network", "engine"] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Fault {
  readonly name: FaultName;
  /** Whether it can be mended here. */
  readonly mends: boolean;
  /** Since when it is broken; null while it is not. */
  readonly since: string | null;
}

export interface Damage {
  readonly engine: "up" | "silent" | "down";
  readonly faults: readonly Fault[];
}

type Control = NonNullable<Config["control"]>;

const WITHIN = 70_000; // milliseconds: an engine may take a minute to start

async function ask<Data>({ address, token }: Control, method: string, path: string): Promise<Data> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${address}${path}`, { method, headers, signal: AbortSignal.timeout(WITHIN) });
  const answer = await response.json();
  if (!response.ok) throw new Error(String(answer.message));
  return answer;
}

export const damageOf = (control: Control): Promise<Damage> => ask(control, "GET", "/faults");

export const act = (control: Control, name: FaultName, verb: "break" | "mend"): Promise<unknown> =>
  ask(control, "POST", `/faults/${name}/${verb}`);
