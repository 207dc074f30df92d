/** What a search asks the API for. */

import type { SearchFilters } from "../../pages/generated/api.ts";
import { locale } from "../../pages/text/text.ts";

export const FIELDS = ["customer", "status", "from", "to", "least", "most", "store"] as const;
export type Field = (typeof FIELDS)[number];
export type Asked = Readonly<Record<Field, string>>;

export const STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"] as const;

/** The fields as an address has them: those that are empty are not in it. */
export function readAsked(query: URLSearchParams): Asked {
  return Object.fromEntries(FIELDS.map((field) => [field, query.get(field) ?? ""])) as Record<Field, string>;
}

export function writeAsked(asked: Asked, text: string): string {
  const query = new URLSearchParams();
  if (text.trim() !== "") query.set("text", text.trim());
  for (const field of FIELDS) if (asked[field].trim() !== "") query.set(field, asked[field].trim());
  return query.toString();
}

/** The filters of a search; days are whole days of the place where the page is. What is no day is left out. */
export function filtersOf(asked: Asked): SearchFilters {
  const filters: SearchFilters = {};
  const { customer, status, from, to, least, most, store } = asked;
  if (customer !== "") filters.customerId = customer;
  const known = STATUSES.find((one) => one === status);
  if (known) filters.status = known;
  const after = dayOf(from, 0);
  if (after) filters.after = after;
  const before = dayOf(to, 1);
  if (before) filters.before = before;
  const minTotal = amountOf(least);
  if (minTotal !== null) filters.minTotal = minTotal;
  const maxTotal = amountOf(most);
  if (maxTotal !== null) filters.maxTotal = maxTotal;
  if (store !== "") filters.storeIds = [store];
  return filters;
}

/** The beginning of a day, or of the day after it, in UTC. */
function dayOf(text: string, later: 0 | 1): string | null {
  const read = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!read) return null;
  const date = new Date(Number(read[1]), Number(read[2]) - 1, Number(read[3]) + later);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Fields whose amount cannot be parsed: without it the search would return too much. */
export function wrongAmounts(asked: Asked): readonly Field[] {
  return (["least", "most"] as const).filter((name) => asked[name].trim() !== "" && amountOf(asked[name]) === null);
}

const GROUPED = { en: /^\d{1,3}(,\d{3})+(\.\d+)?$/, es: /^\d{1,3}(\.\d{3})+(,\d+)?$/ };
const GROUP = { en: ",", es: "." };

/** An amount with at most two decimals, as it is typed with a point or a comma; thousands as the language groups them. */
export function amountOf(text: string): number | null {
  const typed = text.trim();
  const spoken = locale.value;
  const whole = GROUPED[spoken].test(typed) ? typed.replaceAll(GROUP[spoken], "") : typed;
  const plain = whole.replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(plain) ? Number(plain) : null;
}
