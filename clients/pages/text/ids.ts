/** Ids that a computer made, as people see, say and type them. */

/** An order's number, the same on every page and in text messages (functions/notifications/wording.py): the beginning
 * of its id. Other ids are shown so, too, where they have no name.
 */
export const shortId = (id: string): string => id.slice(0, 8);

/** Whether somebody who types this may mean this id: its beginning, in capitals or not, with spaces around or within. */
export function isMeant(text: string, id: string): boolean {
  const typed = text.replace(/\s/g, "").toLowerCase();
  return typed.length > 0 && id.toLowerCase().startsWith(typed);
}
