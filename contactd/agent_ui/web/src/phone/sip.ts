/** The phone itself: registers at the PBX's WebSocket, rings, answers, hangs up.  Holding and muting are the PBX's, by the panel. */
import JsSIP from "jssip";
import type { RTCSessionEvent } from "jssip/lib/UA";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { PhoneAccount } from "./account";

/** connecting: no word from the PBX yet; refused: it does not take the account; away: it is not reached. */
export type Line = "connecting" | "registered" | "refused" | "away";
/** What of the phone is not as it should be: the browser's microphone, by the name of its error. */
export type Trouble = "" | "insecure" | "denied" | "none" | "busy" | "failed";

export interface PhoneState {
  line: Line;
  call: "idle" | "ringing" | "answering" | "talking";
  from: string;
  trouble: Trouble;
}

const IDLE = { call: "idle", from: "" } as const;

export class SipPhone {
  private state: PhoneState = { line: "connecting", ...IDLE, trouble: "" };
  private readonly watchers = new Set<() => void>();
  private readonly ua: JsSIP.UA;
  private session: RTCSession | null = null;
  private readonly audio = new Audio();
  private sound: MediaStream | null = null;

  constructor(
    private readonly account: PhoneAccount,
    private readonly mic: () => string,
  ) {
    this.audio.autoplay = true;
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.url)],
      uri: account.uri,
      authorization_user: account.user,
      password: account.password,
      display_name: "",
      session_timers: false,
      user_agent: "contactd",
      register_expires: 300,
    });
    this.ua.on("registered", () => this.set({ line: "registered" }));
    this.ua.on("unregistered", () => this.set({ line: "away" }));
    this.ua.on("disconnected", () => this.set({ line: "away" }));
    this.ua.on("connecting", () => this.set({ line: this.state.line === "away" ? "away" : "connecting" }));
    this.ua.on("registrationFailed", ({ response }) => this.set({ line: response ? "refused" : "away" }));
    this.ua.on("newRTCSession", (event: RTCSessionEvent) => this.arrived(event));
  }

  start(): void {
    this.ua.start();
  }

  stop(): void {
    this.watchers.clear();
    this.silence();
    this.ua.stop();
  }

  get = (): PhoneState => this.state;

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** Ask for the microphone, so that the browser's question does not come with the first customer. */
  async tryMicrophone(): Promise<boolean> {
    const stream = await this.listen();
    stream?.getTracks().forEach((track) => track.stop());
    return stream !== null;
  }

  async answer(): Promise<void> {
    const session = this.session;
    if (session === null || this.state.call !== "ringing") return;
    this.set({ call: "answering" });
    const stream = await this.listen();
    if (this.session !== session) {
      stream?.getTracks().forEach((track) => track.stop());
      return;
    }
    if (stream === null) {
      this.set({ call: "ringing" });
      return;
    }
    this.sound = stream;
    session.answer({ mediaStream: stream, pcConfig: { iceServers: this.account.ice.map((urls) => ({ urls })) } });
  }

  hangup(): void {
    this.session?.terminate();
  }

  speakBy(device: string): void {
    const audio = this.audio as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    void audio.setSinkId?.(device).catch(() => undefined);
  }

  private arrived({ originator, session }: RTCSessionEvent): void {
    if (originator !== "remote") return;
    if (this.session !== null) {
      // 486: one call at a time.
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    this.set({ call: "ringing", from: session.remote_identity.display_name || session.remote_identity.uri.user });
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", ({ streams, track }) => {
        this.audio.srcObject = streams[0] ?? new MediaStream([track]);
      });
    });
    session.on("confirmed", () => this.set({ call: "talking" }));
    const over = (): void => {
      if (this.session !== session) return;
      this.session = null;
      this.silence();
      this.set(IDLE);
    };
    session.on("ended", over);
    session.on("failed", over);
  }

  private async listen(): Promise<MediaStream | null> {
    if (!window.isSecureContext || !navigator.mediaDevices) {
      this.set({ trouble: "insecure" });
      return null;
    }
    const chosen = this.mic();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: chosen ? { deviceId: { ideal: chosen } } : true });
      this.set({ trouble: "" });
      return stream;
    } catch (error) {
      this.set({ trouble: troubleOf(error) });
      return null;
    }
  }

  private silence(): void {
    this.sound?.getTracks().forEach((track) => track.stop());
    this.sound = null;
    this.audio.srcObject = null;
  }

  private set(change: Partial<PhoneState>): void {
    this.state = { ...this.state, ...change };
    for (const watcher of [...this.watchers]) watcher();
  }
}

/** The names browsers give (Media Capture and Streams, getUserMedia). */
export function troubleOf(error: unknown): Trouble {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
      return "busy";
    default:
      return "failed";
  }
}
