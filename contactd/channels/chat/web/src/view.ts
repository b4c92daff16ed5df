/** What the visitor sees: a round button, and a conversation. */
import type { Client, Line, Snapshot } from "./client";
import { el, icon, linked } from "./dom";
import { rating } from "./rating";
import { styles } from "./styles";
import { type Texts, waitText } from "./texts";
import { type Survey, TEXT_CHARS } from "./wire";

export interface Looks {
  title: string;
  side: string;
  theme: string;
  accent: string;
  asks: boolean;
}

const ICON_OF = { sending: "clock", sent: "check", seen: "checks", failed: "alert" } as const;

export class View {
  readonly host = document.createElement("contactd-chat");
  private readonly root: ShadowRoot;
  private readonly launch: HTMLButtonElement;
  private readonly badge = el("span", { class: "badge", hidden: "" });
  private readonly panel: HTMLElement;
  private readonly face = el("div", { class: "face", "aria-hidden": "true" });
  private readonly title = el("b");
  private readonly status = el("span");
  private readonly bar = el("div", { class: "bar", role: "status", hidden: "" });
  private readonly log: HTMLElement;
  private readonly greeting = el("div", { class: "hello" });
  private readonly types: HTMLElement;
  private readonly input: HTMLTextAreaElement;
  private readonly over = el("span", { class: "over", hidden: "" });
  private readonly sendButton: HTMLButtonElement;
  private readonly endButton: HTMLButtonElement;
  private readonly news = el("div", { class: "quiet", "aria-live": "polite" });
  private readonly rows = new Map<string, { row: HTMLElement; shown: string }>();
  private readonly questions: HTMLElement[] = [];
  private isOpen = false;
  private shownBar = "";

  constructor(
    private readonly t: Texts,
    private readonly looks: Looks,
    private readonly client: () => Client,
    lang: string,
  ) {
    this.root = this.host.attachShadow({ mode: "open" });
    this.host.setAttribute("lang", lang);
    this.host.dataset.side = looks.side;
    this.host.dataset.theme = looks.theme;
    if (looks.accent) this.host.style.setProperty("--accent", looks.accent);

    this.launch = el("button", { class: "launch", type: "button", "aria-label": t.open, "aria-expanded": "false" }, icon("chat"), this.badge);
    this.log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t.title, tabindex: "0" }, this.greeting);
    this.types = el("div", { class: "types", hidden: "", role: "status", "aria-label": t.typing }, ...dots());
    this.input = el("textarea", { rows: "1", placeholder: t.placeholder, "aria-label": t.placeholder, enterkeyhint: "send" });
    this.sendButton = el("button", { class: "send", type: "submit", "aria-label": t.send, disabled: "" }, icon("send"));
    this.endButton = el("button", { class: "tool word", type: "button", hidden: "" }, t.end);
    const close = el("button", { class: "tool", type: "button", "aria-label": t.close }, icon("down"));
    const form = el("form", { class: "write" }, this.input, this.over, this.sendButton);
    const head = el("div", { class: "head" }, this.face, el("div", { class: "who" }, this.title, this.status), this.endButton, close);
    this.panel = el("section", { class: "panel", role: "dialog", "aria-label": looks.title, hidden: "" }, head, this.bar, this.log, form, this.news);
    this.log.append(this.types);
    this.dress();
    this.root.append(this.panel, this.launch);
    this.greet();

    this.launch.onclick = () => this.toggle(!this.isOpen);
    close.onclick = () => this.toggle(false);
    this.endButton.onclick = () => this.askEnd();
    this.endButton.onblur = () => this.calmEnd();
    this.panel.onkeydown = (event) => {
      if (event.key === "Escape") this.toggle(false);
    };
    this.input.oninput = () => this.measure();
    this.input.onkeydown = (event) => {
      // Enter also picks a word while Chinese is being typed.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.send();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      this.send();
    };
    window.visualViewport?.addEventListener("resize", () => this.fit());
  }

  toggle(open: boolean): void {
    if (open === this.isOpen) return;
    this.isOpen = open;
    this.host.toggleAttribute("data-open", open);
    this.panel.hidden = !open;
    this.launch.setAttribute("aria-expanded", String(open));
    this.launch.setAttribute("aria-label", open ? this.t.close : this.t.open);
    this.launch.firstElementChild?.replaceWith(icon(open ? "down" : "chat"));
    this.client().watch(open);
    if (!open) return this.launch.focus();
    this.client().start();
    this.fit();
    this.log.scrollTop = this.log.scrollHeight;
    this.input.focus();
  }

  show(now: Snapshot): void {
    this.showHead(now);
    this.showBar(now);
    this.showLines(now);
    this.badge.hidden = now.unread === 0;
    this.badge.textContent = now.unread > 99 ? "99+" : String(now.unread);
    if (!this.isOpen && now.unread) this.launch.setAttribute("aria-label", `${this.t.open}: ${this.t.unread(now.unread)}`);
    this.input.disabled = now.connection === "refused";
  }

  /** Styles as a sheet where that is possible: a page's own policy may forbid style elements. */
  private dress(): void {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
      this.root.adoptedStyleSheets = [sheet];
    } catch {
      this.root.append(el("style", {}, styles));
    }
  }

  private greet(): void {
    const { t } = this;
    this.greeting.append(el("b", {}, t.hi), el("p", {}, t.intro));
    if (!this.looks.asks) return;
    const known = this.client().known;
    const name = el("input", { placeholder: t.name, "aria-label": t.name, autocomplete: "name", maxlength: "80" });
    const contact = el("input", { placeholder: t.contact, "aria-label": t.contact, autocomplete: "email", maxlength: "254" });
    name.value = known.name ?? "";
    contact.value = known.email ?? known.phone ?? "";
    name.onchange = () => this.client().identify({ name: name.value.trim() });
    contact.onchange = () => {
      const value = contact.value.trim();
      this.client().identify(value.includes("@") ? { email: value, phone: "" } : { phone: value, email: "" });
    };
    this.questions.push(name, contact);
    this.greeting.append(name, contact);
  }

  private send(): void {
    const text = this.input.value.trim();
    if (!text || text.length > TEXT_CHARS) return;
    this.input.value = "";
    this.measure();
    this.client().say(text);
    this.log.scrollTop = this.log.scrollHeight;
    this.input.focus();
  }

  private measure(): void {
    const { input } = this;
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 132)}px`;
    const length = input.value.trim().length;
    this.over.hidden = length <= TEXT_CHARS;
    this.over.textContent = this.t.tooLong(length - TEXT_CHARS);
    this.sendButton.disabled = length === 0 || length > TEXT_CHARS;
  }

  private askEnd(): void {
    if (!this.endButton.classList.contains("sure")) {
      this.endButton.classList.add("sure");
      this.endButton.textContent = this.t.endSure;
      return;
    }
    this.calmEnd();
    this.client().end();
    this.input.focus();
  }

  private calmEnd(): void {
    this.endButton.classList.remove("sure");
    this.endButton.textContent = this.t.end;
  }

  /** A phone's keyboard covers half the window: the conversation takes the other half. */
  private fit(): void {
    const height = window.visualViewport?.height;
    if (height) this.host.style.setProperty("--height", `${Math.round(height)}px`);
    this.log.scrollTop = this.log.scrollHeight;
  }

  private showHead(now: Snapshot): void {
    const { state, agent, open } = now.standing;
    const served = state === "active" || state === "held" || state === "parked";
    this.title.textContent = served && agent ? agent : this.looks.title;
    this.status.textContent = this.statusText(now);
    this.face.replaceChildren(served && agent ? agent.slice(0, 1) : icon(served ? "person" : "chat"), el("i"));
    this.face.classList.toggle("away", now.connection !== "online" || !open);
    this.endButton.hidden = !(served || state === "queued") || now.connection !== "online";
  }

  private statusText(now: Snapshot): string {
    const { t } = this;
    const { state, agent, open } = now.standing;
    if (now.connection === "connecting" || now.connection === "idle") return t.connecting;
    if (now.connection === "offline") return t.connecting;
    if (now.connection === "refused") return t.refused;
    if (state === "active") return agent ? t.online : t.withAgent("");
    if (state === "held") return t.held;
    if (state === "parked") return t.parked;
    if (state === "queued") return t.waiting;
    return open ? t.online : t.closed;
  }

  private showBar(now: Snapshot): void {
    const { t } = this;
    const { state, position, wait_p50_s, wait_p90_s, open } = now.standing;
    let number = "";
    let text = "";
    let detail = "";
    if (now.connection === "offline") text = t.offline;
    else if (now.connection === "refused") text = t.refused;
    else if (state === "queued") {
      number = position === null ? "…" : String(position);
      text = position === null ? t.waiting : t.place(position);
      detail = waitText(t, wait_p50_s, wait_p90_s);
    } else if (!open && state !== "active") text = t.closed;
    const bad = now.connection === "offline" || now.connection === "refused";
    const shown = JSON.stringify([number, text, detail, bad]);
    if (shown === this.shownBar) return;
    this.shownBar = shown;
    this.bar.hidden = !text;
    this.bar.classList.toggle("bad", bad);
    const mark = number === "…" ? el("span", { class: "n dots", "aria-hidden": "true" }, ...dots()) : number ? el("span", { class: "n", "aria-hidden": "true" }, number) : null;
    this.bar.replaceChildren(...[mark, el("div", {}, text, detail ? el("small", {}, detail) : null)].filter((node) => node !== null));
  }

  private showLines(now: Snapshot): void {
    const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    const wanted: HTMLElement[] = [this.greeting];
    const present = new Set<string>();
    const ended = now.standing.state === "ended";
    for (const question of this.questions) question.hidden = now.lines.length > 0;
    now.lines.forEach((line, index) => {
      const before = now.lines[index - 1];
      if (before && before.round !== line.round) wanted.push(this.rule(`rule${line.round}`, this.t.ended));
      present.add(line.key).add(`rule${line.round}`);
      wanted.push(this.row(line, before, now.lines[index + 1]));
    });
    if (ended && now.lines.length) wanted.push(this.rule("ended", `${this.t.ended}${this.t.endedHint ? `\n${this.t.endedHint}` : ""}`));
    if (ended) present.add("ended");
    if (now.survey) wanted.push(this.asked(now.survey));
    if (now.survey) present.add("survey");
    if (now.thanks !== null) wanted.push(this.rule("thanks", now.thanks || this.t.rated));
    if (now.thanks !== null) present.add("thanks");
    wanted.push(this.types);
    for (const [key, { row }] of this.rows) {
      if (present.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    wanted.forEach((node, index) => {
      if (this.log.children[index] !== node) this.log.insertBefore(node, this.log.children[index] ?? null);
    });
    this.types.hidden = !now.typing;
    if (atEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  private asked(survey: Survey): HTMLElement {
    const held = this.rows.get("survey");
    if (held) return held.row;
    const row = rating(survey, this.t, (replies) => this.client().rate(replies));
    this.rows.set("survey", { row, shown: "" });
    return row;
  }

  private rule(key: string, text: string): HTMLElement {
    const held = this.rows.get(key);
    if (held) return held.row;
    const row = el("div", { class: "rule" }, el("span", { style: "white-space:pre-line" }, text));
    this.rows.set(key, { row, shown: text });
    return row;
  }

  private row(line: Line, before: Line | undefined, after: Line | undefined): HTMLElement {
    const together = (one: Line | undefined, other: Line | undefined) =>
      !!one && !!other && one.round === other.round && one.from === other.from && one.name === other.name && minutes(one, other) < 5;
    const first = !together(before, line);
    const last = !together(line, after) || line.status !== after?.status;
    const mine = line.from === "visitor";
    const shown = JSON.stringify([line.text, line.status, line.at, line.name, first, last]);
    const held = this.rows.get(line.key);
    if (held?.shown === shown) return held.row;
    const row = held?.row ?? el("div");
    row.className = `line ${mine ? `mine ${line.status}` : ""} ${first ? "first" : ""}`;
    const who = mine ? this.t.you : line.name || this.t.agent;
    const name = first && !mine ? el("div", { class: "name" }, who) : el("div", { class: "quiet" }, `${who}:`);
    row.replaceChildren(name, el("div", { class: "say" }, linked(line.text)), last ? this.meta(line, mine) : "");
    this.rows.set(line.key, { row, shown });
    return row;
  }

  private meta(line: Line, mine: boolean): HTMLElement {
    const time = line.status === "sending" || line.status === "failed" ? "" : clock(line.at);
    const word = this.t[line.status];
    if (!mine) return el("div", { class: "meta" }, time);
    const mark = icon(ICON_OF[line.status]);
    const visible = line.status === "failed" || line.status === "sending" ? word : "";
    return el("div", { class: "meta", title: word }, time, visible, mark, visible ? null : el("span", { class: "quiet" }, word));
  }
}

function dots(): HTMLElement[] {
  return [0, 1, 2].map(() => el("span", { class: "dot" }));
}

function minutes(one: Line, other: Line): number {
  return Math.abs(Date.parse(other.at) - Date.parse(one.at)) / 60_000;
}

function clock(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : `${date.getHours()}`.padStart(2, "0") + ":" + `${date.getMinutes()}`.padStart(2, "0");
}
