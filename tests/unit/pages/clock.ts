/** A clock that goes on when a test says so. */

import { mock } from "node:test";

const STEP = 50; // milliseconds

/** From now on timers and the time of day wait for `passes`. */
export const stopClock = (): void => mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });

export const startClock = (): void => mock.timers.reset();

/** Lets so many milliseconds pass; promises and renders happen at their times. */
export async function passes(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= STEP) {
    mock.timers.tick(Math.min(STEP, left));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
