/** Why a request failed, in a kind that a page can act on and a person can understand (text/errors.ts has the words). */

import type { Problem } from "../generated/api.ts";

/** The API's codes; and offline: it did not answer. */
export type Kind = Problem["code"] | "offline";

export class ApiError extends Error {
  override readonly name: string = "ApiError";

  constructor(
    readonly kind: Kind,
    /** What the API says, in English; for a rule that was broken it is the best there is. "" where it says nothing. */
    readonly detail: string,
    /** 0 where there was no answer. */
    readonly status: number,
    /** In seconds; 0 where the API does not say. */
    readonly retryAfter: number = 0,
    /** The flow that log lines are about. */
    readonly correlation: string = "",
  ) {
    super(`${kind}: ${detail}`);
  }

  /** Whether the same request may succeed in a moment, without any change. */
  get passes(): boolean {
    return ["offline", "unavailable", "too_many", "internal_error", "conflict"].includes(this.kind);
  }
}

const BY_STATUS: Readonly<Record<number, Kind>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "refused",
  412: "stale",
  413: "too_large",
  422: "idempotency_key_reused",
  429: "too_many",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** The error that a response says. The gateway's own answers are no problem details: then the status alone counts. */
export async function problemOf(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) problem = body as Partial<Problem>;
  } catch {
    // No JSON: what stands before the API answered.
  }
  const told = typeof problem.code === "string" ? problem.code : undefined;
  const kind = told ?? BY_STATUS[response.status] ?? "internal_error";
  const retryAfter = Number(response.headers.get("retry-after") ?? 0) || 0;
  const detail = problem.detail ?? problem.message ?? "";
  return new ApiError(kind, detail, response.status, retryAfter, response.headers.get("x-correlation-id") ?? "");
}
