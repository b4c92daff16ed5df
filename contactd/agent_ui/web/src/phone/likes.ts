/** Which microphone and speaker the phone in the browser uses on this machine, and whether it answers what was accepted. */
export interface Likes {
  mic: string;
  speaker: string;
  /** What I have accepted on screen is answered by itself. */
  answers: boolean;
}

/** Where in the frame it is said what stands in the way: below the top bar, over nothing. */
export const TROUBLE = "phone-trouble-place";
const KEY = "contactd.phone";

export function loadLikes(): Likes {
  const usual: Likes = { mic: "", speaker: "", answers: true };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Likes>) };
  } catch {
    return usual;
  }
}

export function saveLikes(likes: Likes): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(likes));
  } catch {
    // Kept for this page only.
  }
}
