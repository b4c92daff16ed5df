/** Who takes part in a conversation, where answers go, and what was written last. */
import { useMemo } from "react";
import type { InteractionDetail, InteractionView } from "../wire";
import { useMessages } from "./MailThread";

export interface Correspondents {
  answersTo: string[];
  /** Every address of the conversation and of the customer. */
  known: string[];
  /** Others than the sender who got the last mail of the customer, without us. */
  others: string[];
  /** When the newest message came. */
  newest: string | null;
  language: "zh" | "en";
}

export function useCorrespondents(interaction: InteractionView, detail: InteractionDetail | null): Correspondents {
  const { data: messages } = useMessages(interaction.id);
  return useMemo(() => {
    const all = messages ?? [];
    const last = all.findLast((message) => message.direction === "inbound");
    const ours = (address: string): boolean => {
      const to = (interaction.direction === "inbound" ? interaction.to : interaction.from) ?? "";
      return to.includes("@") && address.toLowerCase().endsWith(to.slice(to.indexOf("@")).toLowerCase());
    };
    const answersTo = detail?.answers_to ?? (interaction.from ? [interaction.from] : []);
    const points = (detail?.customer?.candidates ?? []).flatMap((candidate) => candidate.points ?? []);
    const known = [
      ...answersTo,
      ...all.flatMap((message) => [message.direction === "inbound" ? message.sender : "", ...message.recipients.map((one) => one.address)]),
      ...points.map((point) => point.display),
    ].filter((address) => address.includes("@") && !ours(address));
    const others = (last?.recipients ?? [])
      .filter((one) => one.role === "to" || one.role === "cc")
      .map((one) => one.address)
      .filter((address) => !ours(address) && !answersTo.some((other) => other.toLowerCase() === address.toLowerCase()));
    return {
      answersTo,
      known: [...new Set(known)],
      others: [...new Set(others)],
      newest: all.reduce<string | null>((at, message) => (message.direction !== "internal" && (at === null || message.at > at) ? message.at : at), null),
      language: /[\u3400-\u9fff]/.test(last?.text ?? interaction.subject ?? "") ? "zh" : "en",
    };
  }, [messages, interaction, detail]);
}
