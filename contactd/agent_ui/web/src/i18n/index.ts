/** The message catalogue for the screens: typed keys, plain-text interpolation, no synonyms. */
import { createInstance } from "i18next";
import { useSyncExternalStore } from "react";
import { getSettings, subscribeSettings } from "../settings";
import { en } from "./en";
import { zhCN } from "./zh-CN";

type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];

/** Every key of the catalogue. */
export type Key = Paths<typeof zhCN>;
export type Params = Record<string, string | number>;

export interface Words {
  language: "zh-CN" | "en";
  /** A sentence of the catalogue. */
  t(key: Key, params?: Params): string;
  /** Whether the catalogue has words for a key that came over the wire. */
  has(key: string): boolean;
  /** A word the wire names (a state, a channel, a reason): the catalogue's, else the given one or the bare name. */
  word(group: string, name: string | null | undefined, fallback?: string): string;
}

const catalogue = createInstance();
void catalogue.init({
  lng: "zh-CN",
  fallbackLng: "en",
  resources: { "zh-CN": { translation: zhCN }, en: { translation: en } },
  interpolation: { escapeValue: false },
  initAsync: false,
});

const words: Record<Words["language"], Words> = { "zh-CN": make("zh-CN"), en: make("en") };

function make(language: Words["language"]): Words {
  const translate = catalogue.getFixedT(language);
  // A floor of 200 agents asks for the same few words some thousand times a second: what takes no numbers is looked up once.
  const found = new Map<string, string>();
  const text = (key: string): string => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const told: unknown = translate(key, { defaultValue: "" });
    const words = typeof told === "string" ? told : "";
    if (words !== "") found.set(key, words);
    return words;
  };
  return {
    language,
    t: (key, params) => (params === undefined ? text(key) || key : translate(key, params)),
    has: (key) => text(key) !== "",
    word(group, name, fallback) {
      if (!name) return fallback ?? "";
      return text(`${group}.${name}`) || (fallback ?? name);
    },
  };
}

export function wordsFor(language: Words["language"]): Words {
  return words[language];
}

export function useWords(): Words {
  return words[useSyncExternalStore(subscribeSettings, () => getSettings().language)];
}
