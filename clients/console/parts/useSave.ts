import { useState } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { toast } from "../../pages/design/toasts.tsx";
import { errorWords } from "../../pages/text/shared.ts";
import type { Thing } from "../load.ts";

export interface Save {
  /** Why the last try failed; null before, and after one that worked. */
  readonly error: unknown;
  readonly save: () => Promise<void>;
}

/** Saves a form. Its error stays beside it. */
export function useSave(work: () => Promise<unknown>, onDone: () => void): Save {
  const [error, setError] = useState<unknown>(null);
  const save = async (): Promise<void> => {
    setError(null);
    try {
      await work();
    } catch (failed) {
      setError(failed);
      return;
    }
    onDone();
  };
  return { error, save };
}

/** What was pressed, to be shown as done; null once the thing was read again. What it is then is shown, whatever it is:
 * another may have changed it back meanwhile.
 */
export function useWanted({ isSaving }: Thing<unknown>): [boolean | null, (wanted: boolean | null) => void] {
  const [wanted, setWanted] = useState<boolean | null>(null);
  if (wanted !== null && !isSaving()) setWanted(null);
  return [wanted, setWanted];
}

/** Tells that something that was shown as done is not. */
export function rolledBack(words: string, error: unknown): void {
  const known = error instanceof ApiError ? error : new ApiError("internal_error", "", 0);
  toast(`${words} ${errorWords(known)}`, "bad");
}
