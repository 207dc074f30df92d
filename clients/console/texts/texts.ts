/** The texts of the console, in the languages of the mall's staff. */

import { dictionary } from "../../pages/text/text.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";

export const texts = dictionary<typeof en>({ en, es });
