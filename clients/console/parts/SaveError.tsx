import { ApiError } from "../../pages/api/problem.ts";
import { Notice } from "../../pages/design/states.tsx";
import { errorWords } from "../../pages/text/shared.ts";

/** Why a form was not saved. What was typed is still there. */
export function SaveError({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <Notice kind="bad">{errorWords(error instanceof ApiError ? error : new ApiError("internal_error", "", 0))}</Notice>
  );
}
