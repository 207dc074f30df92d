/** What the parts say that are loaded later, for operators: a dictionary of its own, loaded with them. */

import { dictionary } from "../../pages/text/text.ts";
import { mapTexts } from "./map.ts";
import { mapTextsEs } from "./map_es.ts";

export const said = dictionary<typeof mapTexts>({ en: mapTexts, es: mapTextsEs });
