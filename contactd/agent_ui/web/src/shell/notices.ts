/** How an offer calls when nobody looks: ring tone, desktop notification, title of the tab. */

type Allowed = NotificationPermission | "none";

export function noticesAllowed(): Allowed {
  return "Notification" in window ? Notification.permission : "none";
}

export async function askForNotices(): Promise<Allowed> {
  return "Notification" in window ? Notification.requestPermission() : "none";
}

/** Show a desktop notification while the page is hidden; clicking it brings the page back. */
export function notify(tag: string, title: string, body: string, onClick: () => void): () => void {
  if (noticesAllowed() !== "granted" || !document.hidden) return () => undefined;
  const notice = new Notification(title, { body, tag, requireInteraction: true });
  notice.onclick = () => {
    window.focus();
    onClick();
    notice.close();
  };
  return () => notice.close();
}

let audio: AudioContext | null = null;

/** Two soft notes, rising for someone who waits on the line; made here, so nothing is loaded. */
export function chime(urgent: boolean): void {
  try {
    audio ??= new AudioContext();
    void audio.resume();
    const notes: [number, number][] = urgent
      ? [[659.3, 0], [880, 0.18], [659.3, 0.5], [880, 0.68]]
      : [[587.3, 0], [784, 0.16]];
    for (const [pitch, after] of notes) note(audio, pitch, audio.currentTime + after);
  } catch {
    // No sound device: the screen shows the offer all the same.
  }
}

function note(context: AudioContext, pitch: number, at: number): void {
  const tone = context.createOscillator();
  const loudness = context.createGain();
  tone.type = "sine";
  tone.frequency.value = pitch;
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.16, at + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.32);
  tone.connect(loudness).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.35);
}

const RING_KEY = "contactd.ring";
const tab = Math.random().toString(36).slice(2);

/** Of several tabs of one agent only one rings: the first to say so, until it falls silent for four seconds. */
export function mayRing(now: number): boolean {
  try {
    const held = JSON.parse(localStorage.getItem(RING_KEY) ?? "null") as { tab: string; at: number } | null;
    if (held !== null && held.tab !== tab && now - held.at < 4000) return false;
    localStorage.setItem(RING_KEY, JSON.stringify({ tab, at: now }));
  } catch {
    // Without storage every tab rings.
  }
  return true;
}
