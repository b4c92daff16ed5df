/** A new letter to a customer, or to anybody: which line it comes from, to whom, what it is about. */
import { MailOutlined } from "@ant-design/icons";
import { Button, Input, Modal, Select } from "antd";
import { useState } from "react";
import { usePolicy, useRun } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import type { InteractionView } from "../wire";

interface Props {
  party: string | null;
  /** Addresses to choose from. */
  addresses: string[];
  line: string | null;
  caseId: string | null;
}

export function NewMail({ party, addresses, line, caseId }: Props) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const policy = usePolicy();
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [subject, setSubject] = useState("");
  const chosenLine = from ?? line ?? policy.lines[0]?.code ?? null;
  const chosenTo = to ?? addresses[0] ?? "";
  const begin = async (): Promise<void> => {
    const { ok, data } = await run("interaction.start", {
      channel: "email",
      line: chosenLine,
      to: chosenTo.trim(),
      purpose: "letter",
      ...(subject.trim() ? { subject: subject.trim() } : {}),
      ...(party ? { party } : {}),
      ...(caseId ? { case: caseId } : {}),
    });
    if (!ok) return;
    setOpen(false);
    setSubject("");
    setTo(null);
    const begun = (data as { interaction?: InteractionView } | undefined)?.interaction;
    if (begun) go("work", begun.id);
  };
  return (
    <>
      <Button className="new-mail-open" size="small" icon={<MailOutlined />} data-testid="new-mail" onClick={() => setOpen(true)}>
        {t("newMail.title")}
      </Button>
      <Modal
        open={open}
        title={t("newMail.title")}
        okText={t("newMail.write")}
        cancelText={t("common.cancel")}
        okButtonProps={{ disabled: chosenLine === null || !chosenTo.includes("@"), loading: busy.has("interaction.start"), "data-testid": "new-mail-ok" } as never}
        onCancel={() => setOpen(false)}
        onOk={() => void begin()}
        destroyOnHidden
      >
        <div className="new-mail">
          <label>
            <span className="dim">{t("newMail.from")}</span>
            <Select value={chosenLine} aria-label={t("mail.from")} options={policy.lines.map((one) => ({ value: one.code, label: one.label }))} onChange={setFrom} />
          </label>
          <label>
            <span className="dim">{t("contact.to")}</span>
            <Input value={chosenTo} list="new-mail-to" data-testid="new-mail-to" onChange={(event) => setTo(event.target.value)} />
            <datalist id="new-mail-to">
              {addresses.map((address) => (
                <option key={address} value={address} />
              ))}
            </datalist>
          </label>
          <label>
            <span className="dim">{t("mail.subject")}</span>
            <Input value={subject} maxLength={200} data-testid="new-mail-subject" onChange={(event) => setSubject(event.target.value)} />
          </label>
        </div>
      </Modal>
    </>
  );
}
