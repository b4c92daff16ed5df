/** Rings, notifies and marks the tab's title while an offer waits; says why one went away. */
import { App as AntApp } from "antd";
import { useEffect, useRef } from "react";
import { lookOf } from "../channels";
import { subjectOf } from "../channels/subject";
import { useConsole, useDesk } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { useSettings } from "../settings";
import type { OfferView } from "../wire";
import { chime, mayRing, notify } from "./notices";

const RING_EVERY_MS = 3000;

export function OfferBell() {
  const desk = useDesk();
  const words = useWords();
  const { message } = AntApp.useApp();
  const { sound } = useSettings();
  const offers = useConsole((state) => state.offers) ?? NONE;
  const ringing = offers.length > 0;
  const urgent = offers.some((offer) => lookOf(offer.interaction.channel).urgent);
  const first = offers[0];
  const name = first ? customerName(first) : "";
  const { t, word } = words;

  useEffect(() => {
    if (!ringing) {
      document.title = t("app.name");
      return;
    }
    const title = t("offer.title", { channel: word("channel", first?.interaction.channel) });
    const sides = [`(${offers.length}) ${title} · ${name}`, `● ${name || title}`];
    let side = 0;
    const show = (): void => {
      document.title = sides[side++ % 2] ?? "";
    };
    show();
    const timer = setInterval(show, 1000);
    return () => clearInterval(timer);
  }, [ringing, offers.length, name, first, t, word]);

  useEffect(() => {
    if (!ringing || !sound) return;
    const ring = (): void => {
      if (mayRing(Date.now())) chime(urgent);
    };
    ring();
    // Mail and fax call once: nobody waits on the line.
    const timer = urgent ? setInterval(ring, RING_EVERY_MS) : null;
    return () => {
      if (timer !== null) clearInterval(timer);
    };
  }, [ringing, urgent, sound]);

  const notices = useRef(new Map<string, () => void>());
  useEffect(
    () =>
      desk.onEvent((event) => {
        if (event.event === "offer.created") {
          const { offer, interaction } = event.data;
          const title = t("offer.title", { channel: word("channel", interaction.channel) });
          const body = [customerName(event.data), subjectOf(words, interaction.channel, interaction.subject)].filter(Boolean).join(" · ");
          notices.current.set(offer, notify(offer, title, body, () => go("work", interaction.id)));
        } else if (event.event === "offer.ended") {
          const { offer, outcome, reason } = event.data;
          notices.current.get(offer)?.();
          notices.current.delete(offer);
          if (outcome !== "accepted" && outcome !== "rejected") {
            message.info(word("offer.ended", reason, word("offer.ended", outcome)));
          }
        }
      }),
    [desk, message, words, t, word],
  );
  return null;
}

const NONE: OfferView[] = [];

/** The best name for who calls: the customer's, the likeliest candidate's, the address. */
export function customerName(offer: OfferView): string {
  const { interaction, customer } = offer;
  const only = customer.candidates.length === 1 ? customer.candidates[0]?.name : undefined;
  return interaction.customer_name || only || customer.point?.display || interaction.from_display || "";
}
