/** What is shown before a letter leaves that perhaps should not, yet. */
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import type { MessageView } from "../wire";
import type { Hint } from "./hints";

export function HintList({ hints }: { hints: Hint[] }) {
  const { t } = useWords();
  return (
    <ul className="hints" data-testid="hints">
      {hints.map((hint) => (
        <li key={JSON.stringify(hint)} data-kind={hint.kind}>
          {hint.kind === "attachment"
            ? t("hint.attachment")
            : hint.kind === "place"
              ? t("hint.place", { place: `{${hint.place}}` })
              : hint.kind === "lookalike"
                ? t("hint.lookalike", { address: hint.address, known: hint.known })
                : hint.kind === "stranger"
                  ? t("hint.stranger", { address: hint.address })
                  : t("hint.greeting", { name: hint.name, customer: hint.customer })}
        </li>
      ))}
    </ul>
  );
}

/** What was written in the conversation meanwhile. */
export function Newer({ messages }: { messages: MessageView[] }) {
  const { t } = useWords();
  return (
    <div className="newer" data-testid="unseen">
      {messages.map((message) => (
        <article key={message.id}>
          <header className="row">
            <strong className="cut grow">{message.sender_name || message.sender}</strong>
            <span className="dim">
              {t(message.direction === "inbound" ? "mail.customerWrote" : "mail.colleagueWrote")} <At at={message.at} />
            </span>
          </header>
          <p>{message.text.slice(0, 600)}</p>
        </article>
      ))}
    </div>
  );
}
