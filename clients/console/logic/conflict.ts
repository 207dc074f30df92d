/** When two people change one thing: which version a form was filled in for, and what becomes of its fields. */

/** The version that an ETag names; null for none. */
export function versionOf(etag: string | null): number | null {
  const number = /^(?:W\/)?"(\d+)"$/.exec(etag ?? "")?.[1];
  return number === undefined ? null : Number(number);
}

/** Whether the stream tells of a newer version than the one that a form was filled in for.
 *
 * Both count the versions of one stream. The ETag may be ahead: a request that changes nothing raises it untold.
 */
export function isBehind(etag: string | null, told: number | undefined): boolean {
  const version = versionOf(etag);
  return version !== null && told !== undefined && told > version;
}

export interface Merged {
  readonly values: Readonly<Record<string, string>>;
  /** Fields that both changed, each to something else: what was typed stays, and the user is told. */
  readonly conflicts: readonly string[];
}

type Values = Readonly<Record<string, string>>;

/** What a form holds after the thing changed under it. Fields that nobody touched follow the thing. */
export function merge(before: Values, typed: Values, now: Values): Merged {
  const values: Record<string, string> = {};
  const conflicts: string[] = [];
  for (const name of Object.keys(now)) {
    const own = typed[name];
    const there = now[name] ?? "";
    if (own === undefined || own === before[name]) {
      values[name] = there;
      continue;
    }
    values[name] = own;
    if (there !== before[name] && there !== own) conflicts.push(name);
  }
  return { values, conflicts };
}
