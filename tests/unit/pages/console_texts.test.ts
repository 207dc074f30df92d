/** The console's texts, in both languages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../../../clients/console/texts/en.ts";
import { es } from "../../../clients/console/texts/es.ts";
import { figureTexts } from "../../../clients/console/texts/figures.ts";
import { mapTexts } from "../../../clients/console/texts/map.ts";
import { mapTextsEs } from "../../../clients/console/texts/map_es.ts";
import { operationTexts } from "../../../clients/console/texts/operations.ts";
import { operationTextsEs } from "../../../clients/console/texts/operations_es.ts";
import { robotTexts } from "../../../clients/console/texts/robots.ts";
import { sagaTexts } from "../../../clients/console/texts/sagas.ts";
import { type Entries, say } from "../../../clients/pages/text/text.ts";

const TEXTS: Readonly<Record<"en" | "es", Entries>> = {
  en: { ...en, ...figureTexts.en, ...robotTexts.en, ...operationTexts, ...mapTexts, ...sagaTexts.en },
  es: { ...es, ...figureTexts.es, ...robotTexts.es, ...operationTextsEs, ...mapTextsEs, ...sagaTexts.es },
};

/** Texts that are the same for one and for many, or never say one. */
const ALIKE = ["checkIn.picked", "checkIn.of", "map.paused", "ops.most", "saga.most", "saga.newest"];

test("one letter is not called letters", () => {
  assert.equal(say(TEXTS, "redrive.title", { count: 1 }, "en"), "Redrive 1 letter?");
  assert.equal(say(TEXTS, "redrive.title", { count: 2 }, "en"), "Redrive 2 letters?");
  assert.equal(say(TEXTS, "redrive.title", { count: 1 }, "es"), "¿Reenviar 1 mensaje?");
});

test("a text that counts has a singular, in both languages", () => {
  const uncounted = Object.values(TEXTS).flatMap((texts) =>
    Object.entries(texts).flatMap(([key, entry]) =>
      typeof entry === "string" && entry.includes("{count}") && !ALIKE.includes(key) ? [key] : [],
    ),
  );
  assert.deepEqual(uncounted, []);
});

test("both languages have every text", () => {
  assert.deepEqual(Object.keys(TEXTS.es).sort(), Object.keys(TEXTS.en).sort());
});
