/** Whether the mall answers, as the customer is told: slow after 3 seconds, lost when no answer came. */

import { computed, signal } from "@preact/signals";
import { type Answer, Api, type Operation } from "../../pages/api/api.ts";
import { ApiError } from "../../pages/api/problem.ts";

const SLOW = 3_000; // milliseconds

const late = signal(0);
const lost = signal(false);
const running = signal(0);

export const network = computed(() => (lost.value ? "lost" : late.value > 0 ? "slow" : "good"));

/** Something is asked that the customer waits for. */
export const busy = computed(() => running.value > 0);

export function noteLost(): void {
  lost.value = true;
}

/** Runs a request, and notes how the mall answers it. */
export async function noted<Data>(asking: () => Promise<Data>): Promise<Data> {
  let slow = false;
  const timer = setTimeout(() => {
    slow = true;
    late.value += 1;
  }, SLOW);
  try {
    const data = await asking();
    lost.value = false;
    return data;
  } catch (error) {
    if (error instanceof ApiError) lost.value = error.kind === "offline";
    throw error;
  } finally {
    clearTimeout(timer);
    if (slow) late.value -= 1;
  }
}

/** While the customer waits for it, the visit does not count as idle. */
export async function awaited<Data>(asking: () => Promise<Data>): Promise<Data> {
  running.value += 1;
  try {
    return await asking();
  } finally {
    running.value -= 1;
  }
}

export class NotedApi extends Api {
  override ask<Name extends Operation>(...given: Parameters<typeof Api.prototype.ask<Name>>) {
    return noted(() => super.ask(...given)) as Promise<Answer<never>>;
  }
}
