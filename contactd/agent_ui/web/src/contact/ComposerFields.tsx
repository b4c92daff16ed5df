/** To whom a letter goes and what it is about; folded away while it goes where answers go by themselves. */
import { Button, Input, Select } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import type { Letter } from "./letter";

interface Props {
  letter: Letter;
  /** Where it goes unless somebody is named. */
  answersTo: string[];
  /** Addresses to choose from. */
  known: string[];
  /** Others who got the mail that is answered. */
  others: string[];
  subject: string;
  /** Addresses of ours it may come from. */
  senders: string[];
  /** The address of ours the customer wrote to. */
  writtenTo: string;
  readOnly: boolean;
  onChange(next: Partial<Letter>): void;
}

export function ComposerFields({ letter, answersTo, known, others, subject, senders, writtenTo, readOnly, onChange }: Props) {
  const { t } = useWords();
  const named = letter.to.length + letter.cc.length + letter.bcc.length > 0 || letter.subject !== "" || letter.forward !== null || letter.sender !== null;
  const [open, setOpen] = useState(false);
  const shown = open || named;
  const missing = others.filter((address) => !letter.cc.includes(address));
  if (!shown) {
    return (
      <div className="fields-folded">
        <span className="cut dim" data-testid="composer-to">
          {t("mail.replyTo", { to: answersTo.join("、") || t("work.noName") })}
        </span>
        <Button type="link" size="small" disabled={readOnly} data-testid="fields-open" onClick={() => setOpen(true)}>
          {t("mail.moreFields")}
        </Button>
        {missing.length > 0 && (
          <Button type="link" size="small" disabled={readOnly} data-testid="reply-all" onClick={() => onChange({ cc: [...letter.cc, ...missing] })}>
            {t("mail.replyAll", { n: missing.length })}
          </Button>
        )}
      </div>
    );
  }
  const row = (name: "to" | "cc" | "bcc", label: string, placeholder: string): React.ReactNode => (
    <label className="field">
      <span className="dim">{label}</span>
      <Select
        mode="tags"
        variant="borderless"
        size="small"
        suffixIcon={null}
        disabled={readOnly}
        value={letter[name]}
        placeholder={placeholder}
        tokenSeparators={[",", "，", ";", "；", " "]}
        options={known.filter((address) => !letter[name].includes(address)).map((address) => ({ value: address, label: address }))}
        data-testid={`field-${name}`}
        aria-label={label}
        onChange={(value: string[]) => onChange({ [name]: value.map((address) => address.trim()).filter(Boolean) })}
      />
    </label>
  );
  return (
    <div className="fields" data-testid="composer-fields">
      {senders.length > 0 && (
        <label className="field">
          <span className="dim">{t("mail.from")}</span>
          <Select
            variant="borderless"
            size="small"
            disabled={readOnly}
            value={letter.sender ?? senders.find((one) => one.toLowerCase() === writtenTo.toLowerCase()) ?? senders[0] ?? ""}
            options={senders.map((one) => ({ value: one, label: one }))}
            data-testid="field-sender"
            aria-label={t("mail.from")}
            onChange={(value: string) => onChange({ sender: value })}
          />
        </label>
      )}
      {row("to", t("contact.to"), letter.forward === null ? answersTo.join("、") : t("mail.forwardTo"))}
      {row("cc", t("contact.cc"), "")}
      {row("bcc", t("contact.bcc"), "")}
      <label className="field">
        <span className="dim">{t("mail.subject")}</span>
        <Input
          variant="borderless"
          size="small"
          disabled={readOnly}
          value={letter.subject}
          placeholder={subject}
          maxLength={200}
          data-testid="field-subject"
          onChange={(event) => onChange({ subject: event.target.value })}
        />
      </label>
    </div>
  );
}
