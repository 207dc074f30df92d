// The client's state machine in a process of its own, for the simulation: JSON lines in, JSON lines out (README.md).
//
// `node clients/pages/live/bridge.mjs [REDUCER]`: the TypeScript module to compile and run, reducer.ts beside this file
// unless another is named (a copy with a planted bug). What it runs is what the pages ship: esbuild, nothing replaced.

import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const source = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "reducer.ts");
const { outputFiles } = buildSync({
  entryPoints: [source],
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
  logLevel: "error",
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");
const { due, initial, reduce } = await import(`data:text/javascript;base64,${code}`);

/** Client → state. One that is not known yet begins anew. */
const clients = new Map();

const shown = (feed) => ({
  topic: feed.topic,
  shard: feed.shard,
  epoch: feed.epoch,
  position: feed.position,
  head: feed.head,
  rows: [...feed.rows.values()],
});

const ASKS = {
  input({ client, input }) {
    const [state, outputs] = reduce(clients.get(client) ?? initial, input);
    clients.set(client, state);
    return { client, outputs, due: due(state) };
  },
  board({ client }) {
    const state = clients.get(client) ?? initial;
    return { client, status: state.status, feeds: [...state.feeds.values()].map(shown), due: due(state) };
  },
  end({ client }) {
    clients.delete(client);
    return { client };
  },
  reset() {
    clients.clear();
    return {};
  },
};

function answer(request) {
  try {
    const ask = request.ask ?? "input";
    if (!Object.hasOwn(ASKS, ask)) throw new Error(`no such ask: ${ask}`);
    return ASKS[ask](request);
  } catch (error) {
    return { client: request.client, failed: String(error?.stack ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line === "") continue;
  const request = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(Array.isArray(request) ? request.map(answer) : answer(request))}\n`);
}
