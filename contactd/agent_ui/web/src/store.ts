/**
 * The console's state and how events change it: old snapshot + events = new snapshot.
 *
 * `apply` is pure and mirrors the table in docs/wire.md; `ConsoleStore` holds the current state for the screens.
 */
import type { AlertView, ConsoleState, FloorView, WireEvent } from "./wire";

const ALERTS_KEPT = 50;

export function apply(state: ConsoleState, event: WireEvent): ConsoleState {
  switch (event.event) {
    case "offer.created":
      return { ...state, offers: upsert(state.offers, [event.data], (offer) => offer.offer) };
    case "offer.ended":
      return { ...state, offers: state.offers.filter((offer) => offer.offer !== event.data.offer) };
    case "interaction.changed": {
      const { interaction, mine } = event.data;
      const work = mine
        ? upsert(state.work, [interaction], (item) => item.id)
        : state.work.filter((item) => item.id !== interaction.id);
      return { ...state, work };
    }
    case "agent.changed": {
      const { agent } = event.data;
      const me = agent.agent === state.me.agent ? { ...state.me, ...agent } : state.me;
      if (me.role === "agent") return { ...state, me };
      const agents = upsert(state.floor.agents, [agent], (item) => item.agent);
      return { ...state, me, floor: { ...state.floor, agents } };
    }
    case "floor.changed":
      return {
        ...state,
        floor: changeFloor(state.floor, event.data),
        policy_version: event.data.policy_version ?? state.policy_version,
      };
    case "alert.raised":
      return { ...state, floor: { ...state.floor, alerts: raise(state.floor.alerts, event.data) } };
    default:
      // message.added changes no list; an event this console does not know yet is none of its business.
      return state;
  }
}

function changeFloor(floor: FloorView, data: Extract<WireEvent, { event: "floor.changed" }>["data"]): FloorView {
  const gone = new Set(data.waiting?.remove ?? []);
  const kept = gone.size > 0 ? floor.waiting.filter((item) => !gone.has(item.id)) : floor.waiting;
  return {
    ...floor,
    waiting: upsert(kept, data.waiting?.upsert ?? [], (item) => item.id),
    lines: without(upsert(floor.lines, data.lines ?? [], (line) => line.line), data.lines_removed, (line) => line.line),
    agents: without(floor.agents, data.agents_removed, (agent) => agent.agent),
  };
}

function without<T>(items: T[], gone: string[] | undefined, id: (item: T) => string): T[] {
  return gone === undefined || gone.length === 0 ? items : items.filter((item) => !gone.includes(id(item)));
}

function raise(alerts: AlertView[], alert: AlertView): AlertView[] {
  return [alert, ...alerts.filter((item) => item.id !== alert.id)].slice(0, ALERTS_KEPT);
}

/** Replace by id in place, append what is new; the same array when nothing changed. */
function upsert<T>(items: T[], changed: T[], id: (item: T) => string): T[] {
  if (changed.length === 0) return items;
  const next = new Map(changed.map((item) => [id(item), item]));
  const merged = items.map((item) => {
    const replacement = next.get(id(item));
    if (replacement === undefined) return item;
    next.delete(id(item));
    return replacement;
  });
  return [...merged, ...next.values()];
}

export class ConsoleStore {
  private state: ConsoleState | null = null;
  private readonly watchers = new Set<() => void>();

  readonly get = (): ConsoleState | null => this.state;

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  reset(state: ConsoleState | null): void {
    this.state = state === null ? null : complete(state);
    this.tell();
  }

  feed(event: WireEvent): void {
    if (this.state === null) return;
    const next = apply(this.state, event);
    if (next === this.state) return;
    this.state = next;
    this.tell();
  }

  private tell(): void {
    for (const watcher of [...this.watchers]) watcher();
  }
}

/** A snapshot may leave out what this role does not see. */
function complete(state: ConsoleState): ConsoleState {
  const floor = state.floor ?? {};
  return {
    ...state,
    work: state.work ?? [],
    offers: state.offers ?? [],
    floor: {
      waiting: floor.waiting ?? [],
      agents: floor.agents ?? [],
      lines: floor.lines ?? [],
      alerts: floor.alerts ?? [],
    },
  };
}
