/** Let one line hear something else from now on: an outage, a holiday, nothing. */
import { useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Select } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { PromptLibrary } from "../wire";

const HOURS = [1, 4, 24, 0] as const;

export function SwitchForm({ library }: { library: PromptLibrary }) {
  const words = useWords();
  const { t } = words;
  const policy = usePolicy();
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [line, setLine] = useState<string>();
  const [name, setName] = useState<string>();
  const [plays, setPlays] = useState<string>();
  const [hours, setHours] = useState<number>(4);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const there = [...new Set(library.items.map((one) => one.name))].sort();
  const named = [...new Set([...library.named, ...there])].sort();
  const submit = async (): Promise<void> => {
    setBusy(true);
    try {
      const until = hours === 0 ? null : new Date(Date.now() + hours * 3_600_000).toISOString();
      await api.switchPrompt({ line, name, plays, until, reason: reason.trim() });
      message.success(t("prompts.switched"));
      setReason("");
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
    await queries.invalidateQueries({ queryKey: keys.prompts });
  };
  return (
    <form
      className="row prompt-switch"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Select
        value={line}
        placeholder={t("floor.line")}
        aria-label={t("floor.line")}
        options={policy.lines.map((one) => ({ value: one.code, label: one.label }))}
        onChange={setLine}
        data-testid="switch-line"
      />
      <Select value={name} placeholder={t("prompts.insteadOf")} aria-label={t("prompts.insteadOf")} options={named.map((one) => ({ value: one, label: one }))} onChange={setName} />
      <Select
        value={plays}
        placeholder={t("prompts.plays")}
        aria-label={t("prompts.plays")}
        options={[...there.filter((one) => one !== name).map((one) => ({ value: one, label: one })), { value: "", label: t("prompts.nothing") }]}
        onChange={setPlays}
      />
      <Select
        value={hours}
        aria-label={t("prompts.until")}
        options={HOURS.map((n) => ({ value: n as number, label: n === 0 ? t("prompts.untilBack") : t("prompts.hours", { n }) }))}
        onChange={setHours}
      />
      <Input value={reason} maxLength={500} placeholder={t("prompts.reason")} onChange={(event) => setReason(event.target.value)} />
      <Button htmlType="submit" loading={busy} disabled={!line || !name || plays === undefined || !reason.trim()} data-testid="switch-submit">
        {t("prompts.switch")}
      </Button>
    </form>
  );
}
