/**
 * A stand-in for the server, so that the screens can be looked at without one; development only, keeps everything in memory.
 *
 *   npm run build && npm run mock        then open /console; any password but "wrong"; user `agent…` is an agent, others supervise
 *
 * POST /mock/offer?kind=voice|email|chat · /mock/say?text=… · /mock/gone · /mock/cut · /mock/down?ms=… · /mock/gap ·
 * /mock/full · /mock/empty · /mock/many?n=1000 · /mock/reset
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import * as data from "./data.mjs";

const STATIC = fileURLToPath(new URL("../../static/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; connect-src 'self'; frame-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'";

let world;
let epoch = 1;
const log = [];
const results = new Map();
const sockets = new Set();
let downUntil = 0;

function reset(user = "lina") {
  const supervises = !user.startsWith("agent");
  world = {
    user,
    supervises,
    me: { ...data.agents()[0], role: supervises ? "supervisor" : "agent", username: user, languages: ["zh", "en"] },
    work: data.work(),
    offers: [],
    waiting: data.waiting(),
    agents: data.agents(),
    lines: data.lines(),
    alerts: data.alerts(),
    messages: data.messages(),
    heads: data.heads(),
    quarantined: data.quarantined(),
    parties: structuredClone(data.parties),
    n: 100,
  };
  log.length = 0;
  results.clear();
  epoch += 1;
}
reset();

function state() {
  const { me, work, offers, waiting, agents, lines, alerts, supervises } = world;
  const floor = supervises ? { waiting, agents, lines, alerts } : { waiting: [], agents: [], lines, alerts: [] };
  return { me, work, offers, floor, policy_version: 7 };
}

function emit(event, value, skip = 0) {
  const frame = { type: "event", seq: log.length + 1 + skip, event, data: structuredClone(value) };
  log.push(frame);
  for (const socket of sockets) socket.send(JSON.stringify(frame));
}

function change(id, more, mine = true) {
  const item = { ...world.work.find((entry) => entry.id === id), ...more };
  world.work = world.work.filter((entry) => entry.id !== id);
  if (mine) world.work.push(item);
  emit("interaction.changed", { interaction: item, mine });
  return item;
}

function setMe(more) {
  world.me = { ...world.me, ...more, since: new Date().toISOString() };
  emit("agent.changed", { agent: world.me });
}

function offer(kind) {
  const n = ++world.n;
  const item = { voice: data.call, email: data.mail, chat: data.chat }[kind](n);
  const seconds = { voice: 20, email: 120, chat: 30 }[kind];
  const entry = {
    offer: `o${n}`,
    lease: `l${n}`,
    offered_at: new Date().toISOString(),
    expires_at: data.ahead(seconds * 1000),
    reasons: [
      { key: "reason.waited", params: { s: kind === "email" ? 1140 : 42 } },
      ...item.skills.map(({ skill, level }) => ({ key: "reason.skill", params: { skill, level: 7, needed: level } })),
      { key: "reason.longest_idle", params: { idle_s: 134 } },
      { key: "reason.score", params: { score: 214 } },
    ],
    interaction: item,
    customer: data.headOf(item),
  };
  world.offers.push(entry);
  emit("offer.created", entry);
  setTimeout(() => {
    if (!world.offers.some((other) => other.offer === entry.offer)) return;
    endOffer(entry, "timed_out", null);
  }, seconds * 1000);
}

function endOffer(entry, outcome, reason) {
  world.offers = world.offers.filter((other) => other.offer !== entry.offer);
  emit("offer.ended", { offer: entry.offer, interaction: entry.interaction.id, outcome, reason });
}

function say(interaction, more) {
  const n = ++world.n;
  const message = {
    id: `m${n}`, interaction, seq: n, at: new Date().toISOString(), direction: "outbound", sender: "lina", sender_name: "李娜", text: "",
    has_html: false, attachments: [], delivery_state: null, provider_id: null, recipients: [], client_id: null, ...more,
  };
  (world.messages[interaction] ??= []).push(message);
  emit("message.added", { interaction, message });
  return message;
}

const fail = (code, text, field) => ({ error: { code, text, field } });
const now = () => new Date().toISOString();

const commands = {
  "agent.set_intent"({ intent, reason }) {
    const contact = world.work.some((item) => ["active", "held", "wrapup"].includes(item.state));
    if (contact && intent !== "ready") setMe({ next_intent: intent, reason: reason ?? null });
    else setMe({ intent, reason: reason ?? null, next_intent: null, state: contact ? "talking" : intent });
  },
  "offer.accept"({ offer: id, lease }) {
    const entry = world.offers.find((other) => other.offer === id && other.lease === lease);
    if (!entry) return fail("stale_lease", "offer is over");
    world.offers = world.offers.filter((other) => other !== entry);
    world.heads[entry.interaction.id] = entry.customer;
    const item = { ...entry.interaction, state: "active", state_since: now(), answered_at: now(), agent: "lina" };
    if (item.last_message) say(item.id, { direction: "inbound", sender: item.from, sender_name: null, text: item.last_message });
    world.work.push(item);
    endOffer(entry, "accepted", null);
    emit("interaction.changed", { interaction: item, mine: true });
    return {};
  },
  "offer.reject"({ offer: id }) {
    const entry = world.offers.find((other) => other.offer === id);
    if (entry) endOffer(entry, "rejected", null);
  },
  "interaction.send"({ interaction, text, attachments = [] }) {
    if (text.includes("fail")) return fail("rejected", "the smarthost said no");
    const message = say(interaction, { text, delivery_state: "queued", attachments: attachments.map((id) => ({ id, name: id, media_type: "text/plain", size: 1200, page: null, inline: false, url: `/files/${id}` })) });
    change(interaction, { last_message: text, unread: 0 });
    return { message: message.id };
  },
  "interaction.note"({ interaction, text }) {
    say(interaction, { direction: "internal", text });
  },
  "interaction.hold": ({ interaction }) => void change(interaction, { state: "held", state_since: now() }),
  "interaction.resume": ({ interaction }) => void change(interaction, { state: "active", state_since: now() }),
  "interaction.park": ({ interaction, until }) => void change(interaction, { state: "parked", state_since: now(), parked_until: until ?? null }),
  "interaction.transfer": ({ interaction }) => void change(interaction, { state: "queued" }, false),
  "call.hangup": ({ interaction }) => void change(interaction, { state: "wrapup", state_since: now(), ended_at: now(), live: false, wrapup_until: data.ahead(30_000), wrapup_extensions: 2 }),
  "interaction.extend"({ interaction }) {
    const item = world.work.find((entry) => entry.id === interaction);
    if (!item?.wrapup_extensions) return fail("no_extension", "not any more");
    change(interaction, { wrapup_until: data.ahead(60_000), wrapup_extensions: item.wrapup_extensions - 1 });
  },
  "interaction.watch": () => undefined,
  "call.mute": () => undefined,
  "call.dtmf": () => undefined,
  "call.record": () => undefined,
  "interaction.complete"({ interaction, disposition, end = true }) {
    const item = world.work.find((entry) => entry.id === interaction);
    if (!item) return fail("not_found", "not yours");
    if (end && item.line === "billing" && !disposition) return fail("disposition_required", "choose a disposition", "disposition");
    change(interaction, { disposition: disposition ?? null, ...(end ? { state: "closed", ended_at: now() } : {}) }, !end);
  },
  "party.confirm"({ interaction, party }) {
    const found = world.parties[party];
    const head = world.heads[interaction];
    world.heads[interaction] = { ...head, resolve_state: "confirmed", party_id: party };
    change(interaction, { party_id: party, resolve_state: "confirmed", customer_name: found.name, vip: found.vip });
  },
};

const server = createServer((request, response) => void answer(request, response));
const hub = new WebSocketServer({ noServer: true });

server.on("upgrade", (request, socket, head) => {
  if (Date.now() < downUntil || !signedIn(request)) return void socket.destroy();
  hub.handleUpgrade(request, socket, head, (ws) => {
    sockets.add(ws);
    ws.on("close", () => sockets.delete(ws));
    ws.on("message", (raw) => hear(ws, JSON.parse(String(raw))));
  });
});

function hear(ws, frame) {
  if (frame.type === "hello") {
    const { resume } = frame;
    if (resume && resume.epoch === `e${epoch}` && resume.seq <= log.length) {
      for (const event of log.slice(resume.seq)) ws.send(JSON.stringify(event));
    } else ws.send(JSON.stringify({ type: "snapshot", epoch: `e${epoch}`, seq: log.length, state: state() }));
  } else if (frame.type === "command") {
    const known = results.get(frame.id);
    if (known) return ws.send(known);
    setTimeout(() => {
      const outcome = commands[frame.command]?.(frame.data) ?? {};
      const result = JSON.stringify(outcome.error ? { type: "result", id: frame.id, ok: false, error: outcome.error } : { type: "result", id: frame.id, ok: true, data: outcome });
      results.set(frame.id, result);
      ws.send(result);
    }, 120);
  }
}

const signedIn = (request) => /contactd=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

const page = (items) => ({ items, next_cursor: null });

async function answer(request, response) {
  const url = new URL(request.url, "http://mock");
  const json = (value, status = 200) => {
    response.writeHead(status, { "Content-Type": status >= 400 ? "application/problem+json" : "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(value));
  };
  if (url.pathname.startsWith("/mock/")) return json(control(url));
  if (Date.now() < downUntil) return void request.socket.destroy();
  if (url.pathname === "/" || url.pathname.startsWith("/console")) return file(url.pathname, response);
  if (url.pathname.startsWith("/files/fax")) {
    response.writeHead(200, { "Content-Type": "image/svg+xml" });
    return void response.end(data.faxPage(Number(url.pathname.at(-1))));
  }
  if (url.pathname.startsWith("/files/")) {
    response.writeHead(200, { "Content-Disposition": "attachment" });
    return void response.end("file");
  }
  if (url.pathname === "/api/v1/session") return session(request, response, json);
  if (!signedIn(request)) return json({ title: "Unauthorized", status: 401, code: "unauthorized" }, 401);
  const raw = request.method === "GET" ? null : await body(request);
  const found = rest(request.method, url, raw);
  if (found === undefined) return json({ title: "Not Found", status: 404, code: "not_found" }, 404);
  if (typeof found === "string") {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'" });
    return void response.end(found);
  }
  json(found);
}

async function session(request, response, json) {
  if (request.method === "DELETE") {
    response.writeHead(204, { "Set-Cookie": "contactd=; Path=/; Max-Age=0" });
    return void response.end();
  }
  const { username, password } = JSON.parse(String(await body(request)));
  if (password === "wrong") return json({ title: "Unauthorized", status: 401, code: "bad_credentials" }, 401);
  reset(username);
  response.writeHead(204, { "Set-Cookie": `contactd=${encodeURIComponent(username)}; Path=/; HttpOnly; SameSite=Lax` });
  response.end();
}

function rest(method, url, raw) {
  const path = url.pathname.replace("/api/v1", "");
  const [, kind, id, what] = path.split("/").map(decodeURIComponent);
  if (path === "/me") return world.me;
  if (path === "/policy") return data.policy;
  if (path === "/agents") return page(world.agents);
  if (path === "/uploads") return { id: `u${++world.n}`, name: /filename="([^"]+)"/.exec(String(raw))?.[1] ?? "file", size: raw.length };
  if (kind === "messages" && what === "html") return data.html;
  if (kind === "search") return searchRest(url);
  if (kind === "parties") return partyRest(method, url, id, what, raw);
  if (kind !== "interactions") return undefined;
  if (id === undefined) return page(url.searchParams.get("state") === "quarantined" ? world.quarantined : world.work);
  if (what === "messages") return page(world.messages[id] ?? []);
  if (what === "events") return page([]);
  if (what === "explain") return data.explain();
  if (what === "replay" || what === "dismiss") {
    world.quarantined = world.quarantined.filter((item) => item.id !== id);
    return {};
  }
  const item = world.work.find((entry) => entry.id === id) ?? { ...data.work()[1], id, state: "closed", outcome: "handled", agent: "李娜", thread: null };
  return { ...item, customer: world.heads[id] ?? null, topics: [], offers: [], segments: [] };
}

/** Customers whose name or addresses hold the words; nothing else is made up. */
function searchRest(url) {
  const q = (url.searchParams.get("q") ?? "").toLowerCase();
  const found = Object.values(world.parties).filter((party) => JSON.stringify([party.name, party.points]).toLowerCase().includes(q));
  const shown = found.map((party) => ({
    kind: "party",
    id: party.id,
    title: party.name,
    title_marks: [],
    snippet: (party.points ?? []).map((point) => point.display).join(" · "),
    snippet_marks: [],
    at: null,
    party_id: party.id,
    party_name: party.name,
    party_kind: party.kind,
    vip: party.vip,
    points: party.points,
  }));
  return { items: shown };
}

function partyRest(method, url, id, what, raw) {
  if (method === "POST") {
    const fields = JSON.parse(String(raw));
    const key = `p${++world.n}`;
    world.parties[key] = { vip: 0, open_cases: 0, ...fields, id: key, points: fields.points.map((point) => ({ ...point, display: point.value })) };
    return world.parties[key];
  }
  if (id === undefined) {
    const q = url.searchParams.get("q").toLowerCase();
    return page(Object.values(world.parties).filter((party) => JSON.stringify([party.name, party.points]).toLowerCase().includes(q)));
  }
  if (what !== "timeline") return world.parties[id];
  const channel = url.searchParams.get("channel");
  return page(data.timeline(id).filter((item) => !channel || item.channel === channel));
}

function control(url) {
  const what = url.pathname.replace("/mock/", "");
  const get = (name, fallback) => url.searchParams.get(name) ?? fallback;
  if (what === "offer") offer(get("kind", "voice"));
  if (what === "say") {
    const id = get("interaction", "i-chat");
    const text = get("text", "在吗？");
    say(id, { direction: "inbound", sender: "v-7f3a", sender_name: "张伟", text });
    change(id, { last_message: text, unread: 1 });
  }
  if (what === "gone" && world.offers[0]) endOffer(world.offers[0], "withdrawn", "customer_gone");
  if (what === "cut") for (const ws of sockets) ws.terminate();
  if (what === "down") {
    downUntil = Date.now() + Number(get("ms", 5000));
    for (const ws of sockets) ws.terminate();
  }
  if (what === "gap") for (const ws of sockets) ws.send(JSON.stringify({ type: "event", seq: log.length + 5, event: "agent.changed", data: { agent: world.me } }));
  if (what === "empty") {
    Object.assign(world, { work: [], offers: [], waiting: [], alerts: [], quarantined: [], lines: world.lines.map((line) => ({ ...line, waiting: 0, oldest_at: null, by_channel: {} })) });
    world.me = { ...world.me, state: "logged_out", intent: "logged_out", work: [] };
    restart();
  }
  if (what === "many") {
    world.waiting = data.waiting(Number(get("n", 1000)));
    restart();
  }
  if (what === "reset") {
    reset(get("user", world.user));
    restart();
  }
  return { ok: true, seq: log.length };
}

function restart() {
  epoch += 1;
  log.length = 0;
  for (const ws of sockets) ws.terminate();
}

function file(pathname, response) {
  const inside = normalize(pathname.replace(/^\/console\/?|^\//, "")) || "index.html";
  const path = join(STATIC, inside === "." ? "index.html" : inside);
  if (!path.startsWith(STATIC) || !existsSync(path)) {
    response.writeHead(404);
    return void response.end();
  }
  const headers = { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" };
  if (path.endsWith(".html")) headers["Content-Security-Policy"] = CSP;
  response.writeHead(200, headers);
  createReadStream(path).pipe(response);
}

const port = Number(process.env.PORT ?? 8090);
server.listen(port, "127.0.0.1", () => console.log(`mock on http://127.0.0.1:${port}/console`));
