/** Values that stay the same object while they say the same, so that what is made of them need not be made anew. */
import { useRef } from "react";

/** The value given first with this key; another key takes the new one. */
export function useSteady<T>(value: T, key: string): T {
  const kept = useRef<{ key: string; value: T } | null>(null);
  if (kept.current === null || kept.current.key !== key) kept.current = { key, value };
  return kept.current.value;
}
