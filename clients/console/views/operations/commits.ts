/** The commits of an aggregate, all pages of them, as its owner has them. */

import type { Api } from "../../../pages/api/api.ts";
import type { CommitShape } from "../../../pages/generated/api.ts";
import type { Stream } from "../../logic/past.ts";

export const PAGES = 20; // of 100: no aggregate of an order has so many commits

export async function commitsOf(
  api: Api,
  { service, kind, id }: Stream,
  signal: AbortSignal,
): Promise<readonly CommitShape[]> {
  const commits: CommitShape[] = [];
  let next: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const query = { limit: 100, ...(next === undefined ? {} : { next }) };
    const given = { path: { service, kind, id }, query, signal };
    const answer = await api.get("GET /api/operations/streams/{service}/{kind}/{id}", given);
    commits.push(...answer.commits);
    next = answer.next;
    if (!next) break;
  }
  return commits;
}
