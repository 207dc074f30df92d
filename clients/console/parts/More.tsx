import { Button } from "../../pages/design/Button.tsx";
import type { Paged } from "../paged.ts";
import { texts } from "../texts/texts.ts";
import { SaveError } from "./SaveError.tsx";

/** Below a list of which there is more: adds to it, or says why not. */
export function More({ more, failed }: Pick<Paged<unknown>, "more" | "failed">) {
  return (
    <>
      <SaveError error={failed} />
      {more && (
        <div class="row">
          <Button onPress={more}>{texts("more.show")}</Button>
        </div>
      )}
    </>
  );
}
