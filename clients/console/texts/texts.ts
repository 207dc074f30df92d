/** The texts of the console, in the languages of the mall's staff. */

import { dictionary } from "../../pages/text/text.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { figureTexts } from "./figures.ts";
import { operationTexts } from "./operations.ts";
import { operationTextsEs } from "./operations_es.ts";
import { robotTexts } from "./robots.ts";

const english = { ...en, ...figureTexts.en, ...robotTexts.en, ...operationTexts };

export const texts = dictionary<typeof english>({
  en: english,
  es: { ...es, ...figureTexts.es, ...robotTexts.es, ...operationTextsEs },
});
