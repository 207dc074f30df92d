// Builds the pages: `node clients/pages/build.mjs [--out FOLDER] [--limit BYTES] [PAGE …]` writes FOLDER/<page>/, else
// .build/pages/<page>/.
//
// A page's files have the hash of their content in their names, so that they may be cached for ever; index.html, which
// names them, and config.json, which the deployment adds, may not. The last line is JSON: bytes gzipped that each page loads to start.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Page → where it starts, and how many bytes gzipped it may load for that, and later (by `import()`). */
const PAGES = {
  console: { entry: "clients/console/main.tsx", limit: 80_000, later: 30_000 },
  kiosk: { entry: "clients/kiosk/main.tsx", limit: 80_000 },
  docs: { entry: "clients/docs/main.tsx", limit: 1_200_000, beside: scalar },
  demo: { entry: "clients/pages/design/demo/main.tsx", limit: 80_000, shipped: false },
};

/** Scalar as its package has it built: the script, and the style that it would put into the page inline, as a file. */
async function scalar() {
  const whole = await readFile(join(ROOT, "node_modules/@scalar/api-reference/dist/browser/standalone.js"), "utf8");
  const inline = /!function\(\)\{"use strict";try\{[^']*createTextNode\(('(?:[^'\\]|\\.)*')\).*?\}\(\);/s.exec(whole);
  if (!inline?.[1])
    throw new Error("@scalar/api-reference begins in another way than it did: see what its style became");
  // The first layer of all: what the viewer's styles say comes before what the pages' design says of any heading.
  const style = Buffer.from(`@layer page;${runInNewContext(inline[1])}`);
  const script = Buffer.from(whole.replace(inline[0], ""));
  return [
    { name: `scalar-${hashed(style)}.css`, bytes: style },
    { name: `scalar-${hashed(script)}.js`, bytes: script },
  ];
}

/** As esbuild's: eight letters and digits of the content. */
const hashed = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();

async function bundle(page, folder) {
  const { entry, beside } = PAGES[page];
  const result = await build({
    entryPoints: [join(ROOT, entry)],
    outdir: folder,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    splitting: true,
    bundle: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    legalComments: "none",
    loader: { ".svg": "file", ".woff2": "file" },
    define: { "process.env.NODE_ENV": '"production"' },
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const kinds = kindsOf(result.metafile.outputs, entry);
  const own = result.outputFiles.map((file) => ({
    name: relative(folder, file.path),
    bytes: Buffer.from(file.contents),
    kind: kinds.get(basename(file.path)),
  }));
  return [...((await beside?.()) ?? []), ...own];
}

/** What is loaded when: a `part` with what names it at the start, or `later`, when it is asked for. */
function kindsOf(outputs, entry) {
  const kinds = new Map(
    Object.keys(outputs).map((path) => [basename(path), path.endsWith(".js") ? "later" : undefined]),
  );
  const [start] = Object.keys(outputs).filter((path) => outputs[path].entryPoint === entry);
  const waiting = outputs[start].imports.filter(({ kind }) => kind === "import-statement");
  kinds.set(basename(start), undefined);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (kinds.get(basename(next.path)) === "part") continue;
    kinds.set(basename(next.path), "part");
    waiting.push(...outputs[next.path].imports.filter(({ kind }) => kind === "import-statement"));
  }
  return kinds;
}

/** index.html with the built files in the place of its marker: no inline script or style, so the policy needs none. */
async function index(page, files) {
  const template = await readFile(join(ROOT, dirname(PAGES[page].entry), "index.html"), "utf8");
  const named = (end) => files.filter((file) => file.name.endsWith(end) && !file.kind).map((file) => file.name);
  const lines = [
    ...named(".css").map((name) => `<link rel="stylesheet" href="./${name}">`),
    ...files.filter(({ kind }) => kind === "part").map(({ name }) => `<link rel="modulepreload" href="./${name}">`),
    ...named(".js").map(
      (name) => `<script ${name.startsWith("main-") ? 'type="module"' : "defer"} src="./${name}"></script>`,
    ),
  ];
  if (!template.includes("<!-- built -->")) throw new Error(`${page}/index.html has no <!-- built -->`);
  return template.replace("<!-- built -->", lines.join("\n    "));
}

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

async function make(page, out) {
  const folder = join(out, page);
  await rm(folder, { recursive: true, force: true });
  const files = await bundle(page, folder);
  const icon = await readFile(join(ROOT, "clients/pages/design/icon.svg"));
  const all = [
    { name: "index.html", bytes: Buffer.from(await index(page, files)) },
    { name: "icon.svg", bytes: icon },
    ...files,
  ];
  for (const { name, bytes } of all) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  const sizes = all.map(({ name, bytes, kind }) => ({
    name,
    bytes: bytes.length,
    gzipped: gzipped(bytes),
    later: kind === "later",
  }));
  for (const size of sizes) {
    console.log(
      `  ${page}/${basename(size.name)}: ${size.bytes} bytes, ${size.gzipped} gzipped${size.later ? ", later" : ""}`,
    );
  }
  const sum = (later) => sizes.filter((size) => size.later === later).reduce((all, size) => all + size.gzipped, 0);
  return { start: sum(false), later: sum(true) };
}

const { values, positionals } = parseArgs({
  options: { out: { type: "string" }, limit: { type: "string" } },
  allowPositionals: true,
});
const out = values.out ?? join(ROOT, ".build", "pages");
const pages = positionals.length > 0 ? positionals : Object.keys(PAGES).filter((page) => PAGES[page].shipped !== false);
const totals = {};
const over = [];
for (const page of pages) {
  if (!(page in PAGES)) throw new Error(`no page ${page}: ${Object.keys(PAGES).join(", ")}`);
  const { start, later } = await make(page, out);
  totals[page] = start;
  const limit = Number(values.limit ?? PAGES[page].limit);
  if (start > limit) over.push(`${page}: ${start} of ${limit} bytes gzipped`);
  const most = PAGES[page].later ?? 0;
  if (later > most) over.push(`${page}, later: ${later} of ${most} bytes gzipped`);
}
if (over.length > 0) {
  console.error(`too large: ${over.join("; ")}`);
  process.exitCode = 1;
}
console.log(JSON.stringify(totals));
