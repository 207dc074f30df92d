// What the tests use of Node.js: its own types are no package of this project.
declare module "node:test" {
  export function test(name: string, body: () => void | Promise<void>): void;
  export function afterEach(body: () => void): void;
  export function beforeEach(body: () => void): void;
}

declare function setImmediate(run: (value: unknown) => void): void;

declare module "node:assert/strict" {
  const assert: {
    (value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    notEqual(actual: unknown, expected: unknown, message?: string): void;
    match(actual: string, expected: RegExp, message?: string): void;
    throws(body: () => unknown, expected?: RegExp | object): void;
    rejects(body: Promise<unknown> | (() => Promise<unknown>), expected?: RegExp | object): Promise<void>;
  };
  export default assert;
}

declare module "node:fs" {
  export function readdirSync(path: string): string[];
  export function readFileSync(path: string, encoding: "utf8"): string;
}

declare const process: { readonly env: Readonly<Record<string, string | undefined>> };

declare module "jsdom" {
  export class JSDOM {
    constructor(html: string, options?: object);
    readonly window: Window & Record<string, unknown>;
  }
}
