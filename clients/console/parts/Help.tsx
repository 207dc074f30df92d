import { Button } from "../../pages/design/Button.tsx";
import { Dialog } from "../../pages/design/Dialog.tsx";
import { shared } from "../../pages/text/shared.ts";
import { texts } from "../texts/texts.ts";

const KEYS = [
  ["/", "key.search"],
  ["j", "key.next"],
  ["k", "key.previous"],
  ["Enter", "key.open"],
  ["Esc", "key.close"],
  ["?", "key.help"],
] as const;

/** The keys, as a dialog. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title={texts("help")} onClose={onClose}>
      <dl class="facts">
        {KEYS.map(([key, words]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{texts(words)}</dd>
          </div>
        ))}
      </dl>
      <div class="row">
        <Button kind="primary" onPress={onClose}>
          {shared("close")}
        </Button>
      </div>
    </Dialog>
  );
}
