/** What the lists of blocked and of protected senders share: until when it holds, and who said so when. */
import { Select } from "antd";
import { useAgentName } from "../desk";
import { useWords } from "../i18n";
import { At } from "../shell/bits";

const DAYS = [7, 30, 365] as const;

interface Listed {
  reason: string;
  until: string | null;
  agent: string;
  at: string;
}

/** The columns why, until, by and at. */
export function useListedColumns<T extends Listed>(by: string) {
  const { t } = useWords();
  const name = useAgentName();
  return [
    { key: "why", title: t("blocked.reason"), ellipsis: true, render: (_: unknown, item: T) => item.reason },
    { key: "until", title: t("blocked.until"), width: 120, render: (_: unknown, item: T) => (item.until ? <At at={item.until} /> : t("blocked.always")) },
    { key: "by", title: by, width: 140, ellipsis: true, render: (_: unknown, item: T) => name(item.agent) },
    { key: "at", title: t("quarantine.at"), width: 120, render: (_: unknown, item: T) => <At at={item.at} /> },
  ];
}

/** For how many days; 0 = for good. */
export function UntilSelect({ value, onChange }: { value: number; onChange(days: number): void }) {
  const { t } = useWords();
  return (
    <Select
      value={value}
      aria-label={t("blocked.until")}
      style={{ minWidth: 130 }}
      options={[...DAYS.map((n) => ({ value: n as number, label: t("blocked.days", { n }) })), { value: 0, label: t("blocked.always") }]}
      onChange={onChange}
    />
  );
}
