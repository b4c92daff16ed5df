/** How many unread messages of a contact the agent has had on the screen; survives a reload, like the open contact itself. */
const KEY = "contactd.seen";

function read(): Record<string, number> {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
}

/** How many came since the contact was last looked at. */
export function unseen(id: string, unread: number): number {
  return Math.max(0, unread - (read()[id] ?? 0));
}

/** Remember that all of it is on the screen now; contacts that are no more mine are forgotten. */
export function markSeen(id: string, unread: number, mine: string[]): void {
  const kept = Object.fromEntries(Object.entries(read()).filter(([other]) => mine.includes(other)));
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...kept, [id]: unread }));
  } catch {
    // Without storage the badge stays until the next answer.
  }
}
