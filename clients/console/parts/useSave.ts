import { useState } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { toast } from "../../pages/design/toasts.tsx";
import { errorWords } from "../../pages/text/shared.ts";
import { hasUnknownOutcome, type Thing } from "../load.ts";
import { texts } from "../texts/texts.ts";

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

/** Switches something that can be undone: it is shown as done at once, and taken back if it fails. Answers what to show,
 * null once the thing was read again: what it is then is shown, whatever it is, as another may have changed it back.
 */
export function useSwitch(
  { isSaving, saving }: Thing<unknown>,
  work: (on: boolean) => Promise<unknown>,
): [boolean | null, (on: boolean) => Promise<void>] {
  const [wanted, setWanted] = useState<boolean | null>(null);
  if (wanted !== null && !isSaving()) setWanted(null);
  const turn = async (on: boolean): Promise<void> => {
    setWanted(on);
    try {
      await saving(() => work(on), "own");
    } catch (error) {
      notDone(texts("rolledBack"), error);
    }
  };
  return [wanted, turn];
}

/** Shows that a write failed, in these words; or that its outcome is unknown. */
export function notDone(words: string, error: unknown): void {
  const known = error instanceof ApiError ? error : new ApiError("internal_error", "", 0);
  toast(`${hasUnknownOutcome(known) ? texts("unknownOutcome") : words} ${errorWords(known)}`, "bad");
}
