/** A clock that goes on when a test says so. Node.js 20 has one too, which loses a timer that is cleared while it runs. */

interface Timer {
  readonly run: () => void;
  readonly every: number | null;
  at: number;
}

const real = { setTimeout, clearTimeout, setInterval, clearInterval, now: Date.now };

let now = 0;
let last = 0;
let timers = new Map<number, Timer>();

function add(run: () => void, after: number, every: number | null): number {
  last += 1;
  timers.set(last, { run, every, at: now + after });
  return last;
}

const remove = (id: number): boolean => timers.delete(id);

/** From now on timers and the time of day wait for `passes`. */
export function stopClock(): void {
  now = real.now();
  timers = new Map();
  Object.assign(globalThis, {
    setTimeout: (run: () => void, after = 0) => add(run, after, null),
    setInterval: (run: () => void, every: number) => add(run, every, every),
    clearTimeout: remove,
    clearInterval: remove,
  });
  Date.now = () => now;
}

export function startClock(): void {
  const { now, ...others } = real;
  Object.assign(globalThis, others);
  Date.now = now;
}

/** Lets so many milliseconds pass; timers run at their times, and promises and renders happen between them. */
export async function passes(milliseconds: number): Promise<void> {
  const until = now + milliseconds;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const [next] = [...timers].sort(([one, a], [other, b]) => a.at - b.at || one - other);
    if (!next || next[1].at > until) break;
    const [id, timer] = next;
    now = timer.at;
    if (timer.every === null) timers.delete(id);
    else timer.at += timer.every;
    timer.run();
  }
  now = until;
}
