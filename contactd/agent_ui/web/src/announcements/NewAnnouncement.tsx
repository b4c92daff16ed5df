/** Saying something to the people here: to whom, until when, and whether they must read it before becoming ready. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Checkbox, DatePicker, Input, Modal, Select } from "antd";
import type { Dayjs } from "dayjs";
import { useState } from "react";
import { get, send } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";

const ROLES = ["agent", "senior", "supervisor", "quality", "editor", "admin"];

export function NewAnnouncement({ onClose }: { onClose(): void }) {
  const words = useWords();
  const { t, word } = words;
  const policy = usePolicy();
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const teams = useQuery({ queryKey: ["teams"], queryFn: ({ signal }) => get<{ items: { id: string; name: string }[] }>("/teams", signal) });
  const [title, setTitle] = useState("");
  const [body, setBody] = useState("");
  const [audience, setAudience] = useState<Record<"roles" | "lines" | "teams", string[]>>({ roles: [], lines: [], teams: [] });
  const [until, setUntil] = useState<Dayjs | null>(null);
  const [must, setMust] = useState(false);
  const [busy, setBusy] = useState(false);
  const publish = async (): Promise<void> => {
    setBusy(true);
    try {
      await send("POST", "/announcements", { title, body, audience, ends_at: until?.toISOString() ?? null, must });
      await queries.invalidateQueries({ queryKey: ["announcements"] });
      onClose();
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  const many = (name: "roles" | "lines" | "teams", options: { value: string; label: string }[]) => (
    <label>
      <span>{word("announcements.audience", name)}</span>
      <Select mode="multiple" aria-label={word("announcements.audience", name)} value={audience[name]} placeholder={t("announcements.everybody")} options={options} onChange={(chosen) => setAudience({ ...audience, [name]: chosen })} />
    </label>
  );
  return (
    <Modal open title={t("announcements.new")} okText={t("announcements.publish")} cancelText={t("common.cancel")} confirmLoading={busy} okButtonProps={{ disabled: title.trim() === "" }} onOk={() => void publish()} onCancel={onClose}>
      <div className="announcement-form">
        <Input value={title} maxLength={200} placeholder={t("announcements.heading")} data-testid="announcement-title" onChange={(event) => setTitle(event.target.value)} />
        <Input.TextArea rows={6} value={body} maxLength={10_000} placeholder={t("announcements.body")} data-testid="announcement-body" onChange={(event) => setBody(event.target.value)} />
        {many("roles", ROLES.map((value) => ({ value, label: word("announcements.roles", value) })))}
        {many("lines", policy.lines.map((one) => ({ value: one.code, label: one.label })))}
        {(teams.data?.items.length ?? 0) > 0 && many("teams", (teams.data?.items ?? []).map((one) => ({ value: one.id, label: one.name })))}
        <label>
          <span>{t("announcements.until")}</span>
          <DatePicker showTime value={until} placeholder={t("announcements.forever")} onChange={setUntil} />
        </label>
        <Checkbox checked={must} data-testid="announcement-must" onChange={(event) => setMust(event.target.checked)}>
          {t("announcements.mustLong")}
        </Checkbox>
        <p className="dim">{t("announcements.stays")}</p>
      </div>
    </Modal>
  );
}
