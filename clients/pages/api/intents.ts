/** Idempotency keys: one for each thing that a person means to do, kept over retries and reloads until it is done.
 *
 * A key is bound to what is sent: the same intent with another body is another intent, with a key of its own.
 */

interface Kept {
  readonly key: string;
  readonly request: string;
}

export type Keep = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Intents {
  /** store: the tab's (sessionStorage), so that it ends with the tab; what is stored names no person. */
  constructor(
    private readonly store: Keep,
    private readonly newKey: () => string = () => crypto.randomUUID(),
  ) {}

  /** The key under which this request is sent, however often. */
  key(intent: string, request: string): string {
    const kept = this.read(intent);
    const digest = digestOf(request);
    if (kept?.request === digest) return kept.key;
    const key = this.newKey();
    this.store.setItem(place(intent), JSON.stringify({ key, request: digest } satisfies Kept));
    return key;
  }

  /** It is done, or given up: who means it again means another. */
  end(intent: string): void {
    this.store.removeItem(place(intent));
  }

  private read(intent: string): Kept | null {
    try {
      return JSON.parse(this.store.getItem(place(intent)) ?? "null") as Kept | null;
    } catch {
      return null;
    }
  }
}

const place = (intent: string): string => `intent ${intent}`;

/** Not the request itself: what is stored must hold no phone number. FNV-1a over 64 bits, which tells bodies apart. */
function digestOf(request: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(request)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16);
}
