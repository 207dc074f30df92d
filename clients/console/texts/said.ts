/** What the parts say that are loaded later, for operators: a dictionary of its own, loaded with them. */

import { dictionary } from "../../pages/text/text.ts";
import { mapTexts } from "./map.ts";
import { mapTextsEs } from "./map_es.ts";
import { sagaTexts } from "./sagas.ts";

const english = { ...mapTexts, ...sagaTexts.en };

export const said = dictionary<typeof english>({ en: english, es: { ...mapTextsEs, ...sagaTexts.es } });
