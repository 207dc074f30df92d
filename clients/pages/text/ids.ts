/** Ids that a computer made, as people see, say and type them. */

/** An order's number, the same on every page and in text messages (functions/notifications/wording.py): the beginning
 * of its id. Other ids are shown so, too, where they have no name.
 */
export const shortId = (id: string): string => id.slice(0, 8);

/** The number that a text is, however it was typed; null where it is none. */
export function numberIn(text: string): string | null {
  const typed = plain(text);
  return /^[0-9a-f]{8}$/.test(typed) ? typed : null;
}

/** Whether somebody who types this may mean this id: its beginning, in capitals or not, with spaces around or within. */
export function isMeant(text: string, id: string): boolean {
  const typed = plain(text);
  return typed.length > 0 && id.toLowerCase().startsWith(typed);
}

const plain = (text: string): string => text.replace(/\s/g, "").toLowerCase();
