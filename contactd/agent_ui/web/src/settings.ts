/** What one person likes on this machine: language, light or dark, sound. */
import { useSyncExternalStore } from "react";

export interface Settings {
  language: "zh-CN" | "en";
  theme: "light" | "dark" | "system";
  sound: boolean;
}

const KEY = "contactd.settings";
const watchers = new Set<() => void>();
let settings: Settings = load();

function load(): Settings {
  const preferred: Settings = {
    language: /^zh/i.test(navigator.language) ? "zh-CN" : "en",
    theme: "system",
    sound: true,
  };
  try {
    return { ...preferred, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>) };
  } catch {
    return preferred;
  }
}

export function getSettings(): Settings {
  return settings;
}

export function changeSettings(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Kept for this page only.
  }
  for (const watcher of [...watchers]) watcher();
}

export function subscribeSettings(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function useSettings(): Settings {
  return useSyncExternalStore(subscribeSettings, getSettings);
}

const darkness = window.matchMedia("(prefers-color-scheme: dark)");

export function useDark(): boolean {
  const { theme } = useSettings();
  const systemDark = useSyncExternalStore(
    (watcher) => {
      darkness.addEventListener("change", watcher);
      return () => darkness.removeEventListener("change", watcher);
    },
    () => darkness.matches,
  );
  return theme === "system" ? systemDark : theme === "dark";
}
