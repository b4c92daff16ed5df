/**
 * Keyboard first: single keys work anywhere but in a field, and with Alt held in a field, too.
 *
 * A screen gives keys to functions (`useKeys`) or to the very button it draws (`keyed`): the key then presses the button, so
 * what cannot be clicked cannot be typed either, and a screen reader says the key with the button's name.
 */
import { useEffect, useRef } from "react";

export type Handlers = Record<string, (event: KeyboardEvent) => void>;

/** What of a key press matters here; a KeyboardEvent has it all. */
export type Press = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey" | "isComposing"> & {
  defaultPrevented?: boolean;
};

/** Where the focus is while a key is pressed: on the page, in a field, or in something that lies above the page. */
export type Place = "page" | "field" | "above";

/** The single key a press stands for: `a`, `Q` (with Shift), `?`, `ArrowLeft`; null where the press means something else. */
export function keyOf(press: Press, place: Place): string | null {
  if (press.ctrlKey || press.metaKey || press.isComposing || press.defaultPrevented || place === "above") return null;
  if (!press.altKey) return place === "field" ? null : press.key;
  // By its place on the keyboard: with Alt, some systems put another sign on the key.  Digits with Alt insert answers.
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1];
  if (letter === undefined) return null;
  return press.shiftKey ? letter : letter.toLowerCase();
}

export function useKeys(handlers: Handlers, active = true): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (!active) return;
    return listen((key, event) => {
      const handler = Object.hasOwn(latest.current, key) ? latest.current[key] : undefined;
      if (handler === undefined) return false;
      handler(event);
      return true;
    });
  }, [active]);
}

/** Marks a button with its key: a letter, or a letter with `⇧` before it. */
export function keyed(key: string): { "data-key": string; "aria-keyshortcuts": string } {
  const name = key.replace("⇧", "Shift+");
  return { "data-key": key, "aria-keyshortcuts": `${name} Alt+${name}` };
}

/** Lets the keys of marked buttons press them, and shows the marks while Alt is held.  Once, in the frame. */
export function useKeyedButtons(): void {
  useEffect(() => {
    const quiet = listen((key) => {
      const shown = key.length === 1 && key !== key.toLowerCase() ? `⇧${key}` : key.toUpperCase();
      const button = pressable(shown);
      button?.click();
      return button !== undefined;
    });
    const hints = (on: boolean): void => {
      document.documentElement.toggleAttribute("data-hints", on);
    };
    const moved = (event: KeyboardEvent): void => hints(event.key === "Alt" && event.type === "keydown" && !event.ctrlKey);
    const away = (): void => hints(false);
    window.addEventListener("keydown", moved);
    window.addEventListener("keyup", moved);
    window.addEventListener("blur", away);
    return () => {
      quiet();
      window.removeEventListener("keydown", moved);
      window.removeEventListener("keyup", moved);
      window.removeEventListener("blur", away);
      away();
    };
  }, []);
}

/** Leaves a field with Escape, so that single keys work again; not where Escape already means something. */
export function leaveField(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
  const { target } = event;
  if (target instanceof HTMLElement && placeOf(target) === "field") target.blur();
}

function listen(pressed: (key: string, event: KeyboardEvent) => boolean): () => void {
  const heard = (event: KeyboardEvent): void => {
    const key = keyOf(event, placeOf(event.target));
    if (key !== null && pressed(key, event)) event.preventDefault();
  };
  window.addEventListener("keydown", heard);
  return () => window.removeEventListener("keydown", heard);
}

function pressable(key: string): HTMLElement | undefined {
  const marked = document.querySelectorAll<HTMLElement>(`[data-key="${CSS.escape(key)}"][aria-keyshortcuts]:not(:disabled)`);
  return [...marked].find((one) => one.getClientRects().length > 0);
}

function placeOf(target: EventTarget | null): Place {
  if (!(target instanceof HTMLElement)) return "page";
  if (target.closest(".ant-modal, .ant-drawer, .ant-popover, .ant-dropdown")) return "above";
  if (target.isContentEditable) return "field";
  return target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])") ? "field" : "page";
}

/** Enter with Ctrl or Command, outside of an input method's composition. */
export function isSend(event: React.KeyboardEvent): boolean {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing;
}
