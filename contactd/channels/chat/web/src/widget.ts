/**
 * Puts the chat on a page: `<script src="https://…/chat/widget.js" data-site="shop" data-lang="zh"></script>`.
 *
 * Attributes: data-site, data-lang (zh, en; else the page's language), data-title, data-accent (a colour), data-side (left, right),
 * data-theme (light, dark, auto), data-ask ("" hides the two questions), data-name, data-email, data-phone, data-identity (signed by
 * the site's server). A page may call `contactdChat.open()`, `.close()` and `.identify({name, email, phone, identity})`.
 */
import { Client, type Snapshot, type Surroundings } from "./client";
import { texts } from "./texts";
import { View } from "./view";
import type { Profile } from "./wire";

const script = document.currentScript as HTMLScriptElement | null;

function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const around: Surroundings = {
  connect: (url) => new WebSocket(url),
  storage: storage(),
  later: (work, ms) => window.setTimeout(work, ms),
  cancel: (timer) => window.clearTimeout(timer),
  now: () => new Date().toISOString(),
  random,
};

function begin(): void {
  const data = script?.dataset ?? {};
  const lang = data.lang || document.documentElement.lang || navigator.language || "en";
  const t = texts(lang);
  const address = new URL("/ws/chat", script?.src || location.href);
  address.protocol = address.protocol === "http:" ? "ws:" : "wss:";
  address.search = "";
  const profile: Profile = { lang: lang.slice(0, 16), page: location.href.split("#")[0]!.slice(0, 500) };
  for (const key of ["name", "email", "phone", "identity"] as const) if (data[key]) profile[key] = data[key];

  let view: View | null = null;
  const client = new Client(address.href, data.site ?? "", profile, around, (now: Snapshot) => view?.show(now));
  view = new View(
    t,
    {
      title: data.title || t.title,
      side: data.side === "left" ? "left" : "right",
      theme: data.theme || "light",
      accent: /^#[0-9a-f]{3,8}$/i.test(data.accent ?? "") ? data.accent! : "",
      asks: data.ask !== "" && !data.identity && !data.email && !data.phone,
    },
    () => client,
    lang,
  );
  view.show(client.snapshot());
  document.body.append(view.host);
  if (client.resumes) client.start();
  addEventListener("online", () => client.hurry());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && client.hurry());
  const shown = view;
  Object.assign(window, {
    contactdChat: {
      open: () => shown.toggle(true),
      close: () => shown.toggle(false),
      identify: (more: Profile) => client.identify(more),
    },
  });
}

if (document.body) begin();
else document.addEventListener("DOMContentLoaded", begin, { once: true });
