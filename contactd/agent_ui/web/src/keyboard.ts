/** Keyboard first: single keys work anywhere but in a field, and never with a modifier held. */
import { useEffect, useRef } from "react";

export type Handlers = Record<string, (event: KeyboardEvent) => void>;

export function useKeys(handlers: Handlers, active = true): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    if (!active) return;
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
      if (typing(event.target)) return;
      const handler = latest.current[event.key];
      if (handler === undefined) return;
      event.preventDefault();
      handler(event);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [active]);
}

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target.closest(".ant-modal, .ant-drawer, .ant-popover, .ant-dropdown")) return true;
  return target.matches("textarea, select, input:not([type=checkbox]):not([type=radio])");
}

/** Enter with Ctrl or Command, outside of an input method's composition. */
export function isSend(event: React.KeyboardEvent): boolean {
  return event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.nativeEvent.isComposing;
}
