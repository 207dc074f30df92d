// Validate a document with AsyncAPI's own parser: node infra/documents/asyncapi.mjs docs/asyncapi.json
// Errors and warnings fail; recommendations are ignored.
import { readFileSync } from "node:fs";
import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const path = process.argv[2];
const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
const faults = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
for (const { code, message, path: place } of faults) console.error(`${path}: ${place.join(".")}: ${message} (${code})`);
if (!document || faults.length > 0) process.exit(1);
console.log(`${path}: ${document.allMessages().length} messages, ${document.allOperations().length} operations`);
