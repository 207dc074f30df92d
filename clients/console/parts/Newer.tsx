import { Button } from "../../pages/design/Button.tsx";
import { Notice } from "../../pages/design/states.tsx";
import { texts } from "../texts/texts.ts";

interface Props {
  /** What it is now, in words. */
  readonly what: string;
  readonly onAccept: () => void;
}

/** Somebody else changed the thing of a form: nothing can be saved until the user has seen what it is now. */
export function Newer({ what, onAccept }: Props) {
  return (
    <Notice kind="bad">
      <div class="stack">
        <p>
          <strong>{texts("newer")}</strong> {what}
        </p>
        <div class="row">
          <Button onPress={onAccept}>{texts("newer.accept")}</Button>
        </div>
      </div>
    </Notice>
  );
}
