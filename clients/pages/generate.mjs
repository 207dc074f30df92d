// Writes clients/pages/generated from docs/openapi.json and events/live/schemas: `node clients/pages/generate.mjs`
// (`--check`: compare; `--schemas FOLDER`: frames from another folder). `make docs` runs it after those were written.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const GENERATED = join(ROOT, "clients", "pages", "generated");
const OPTIONS = { bannerComment: "", additionalProperties: false, unknownAny: true, format: true };

const json = (path) => JSON.parse(readFileSync(path, "utf8"));

/** `ordering.OrderAnswer` → `OrderingOrderAnswer`. */
const typeName = (name) =>
  name
    .split(".")
    .map((part) => part[0].toUpperCase() + part.slice(1))
    .join("");

/** A schema without what json-schema-to-typescript would make a type alias of, or a tuple: titles of fields, lengths. */
function plain(schema, isType = false) {
  if (Array.isArray(schema)) return schema.map((entry) => plain(entry));
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !["$id", "$schema", "minItems", "maxItems", "examples", "default"].includes(key) &&
      !(key === "title" && typeof value === "string"),
  );
  const copy = Object.fromEntries(
    kept.map(([key, value]) => [key, key === "properties" ? fields(value) : plain(value)]),
  );
  if (typeof copy.$ref === "string") {
    return { $ref: `#/$defs/${typeName(copy.$ref.split("/").at(-1))}` };
  }
  // A field that can only have one value is there always: it says which frame this is.
  const constant = Object.keys(copy.properties ?? {}).filter((name) => copy.properties[name].const !== undefined);
  if (constant.length > 0) copy.required = [...new Set([...(copy.required ?? []), ...constant])];
  if (isType && copy.type === "object" && copy.additionalProperties === undefined && copy.properties) {
    copy.additionalProperties = false;
  }
  return copy;
}

const fields = (properties) =>
  Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, plain(schema)]));

/** TypeScript of schemas by name. `from`: what it says at its top. */
async function types(schemas, from) {
  const $defs = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [typeName(name), plain(schema, true)]),
  );
  const properties = Object.fromEntries(Object.keys($defs).map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const text = await compile({ type: "object", properties, $defs, additionalProperties: false }, "AllOfThem", OPTIONS);
  // The interface that only names them all, and what json-schema-to-typescript says about each reference to a definition.
  const own = text
    .replace(/export interface AllOfThem \{[^}]*\}\n?/, "")
    .replace(/\/\*\*\n(?: \*[^\n]*\n)*? \* (?:This interface|via the)[\s\S]*?\*\/\n/g, (comment) => described(comment));
  return `// Generated from ${from} by \`make docs\`: change that, not this.\n\n${own.trim()}\n`;
}

function described(comment) {
  const lines = comment.split("\n").filter((line) => !/This interface was|via the `definition`/.test(line));
  const words = lines.map((line) => line.replace(/^ ?\/?\*+\/?/, "").trim()).filter(Boolean);
  return words.length === 0 ? "" : `/**\n${words.map((word) => ` * ${word}\n`).join("")} */\n`;
}

async function api() {
  const { paths, components } = json(join(ROOT, "docs", "openapi.json"));
  const text = await types(components.schemas, "docs/openapi.json");
  const lines = [];
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      lines.push(`  "${method.toUpperCase()} ${path}": ${operationType(operation)};`);
    }
  }
  const comment = "/** What each operation takes and answers. */";
  return `${text}\n${comment}\nexport interface Operations {\n${lines.join("\n")}\n}\n`;
}

const WORDS = { integer: "number", number: "number", boolean: "boolean" };

function operationType(operation) {
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === "query");
  const names = query.map(
    ({ name, required, schema }) => `${name}${required ? "" : "?"}: ${WORDS[schema.type] ?? "string"}`,
  );
  const body = reference(operation.requestBody?.content?.["application/json"]?.schema);
  const answer =
    reference(operation.responses?.["200"]?.content?.["application/json"]?.schema) ?? "Record<string, never>";
  return `{ query: ${names.length === 0 ? "undefined" : `{ ${names.join("; ")} }`}; body: ${body ?? "undefined"}; answer: ${answer} }`;
}

function reference(schema) {
  if (!schema) return undefined;
  return schema.$ref ? typeName(schema.$ref.split("/").at(-1)) : "Record<string, unknown>";
}

async function frames(folder) {
  const schemas = {};
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()) {
    const { $defs, ...schema } = json(join(folder, file));
    Object.assign(schemas, $defs, { [schema.title]: schema });
  }
  return types(schemas, "events/live/schemas");
}

const args = process.argv.slice(2);
const at = args.indexOf("--schemas");
const schemas = at < 0 ? join(ROOT, "events", "live", "schemas") : args[at + 1];
const wanted = { "api.ts": await api() };
if (existsSync(schemas)) wanted["frames.ts"] = await frames(schemas);
for (const [name, text] of Object.entries(wanted)) {
  const path = join(GENERATED, name);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (args.includes("--check")) {
    console.error(`${relative(ROOT, path)} is out of date: run make docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${relative(ROOT, path)}`);
  }
}
