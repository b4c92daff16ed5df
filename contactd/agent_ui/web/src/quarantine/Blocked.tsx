/** Senders whose contacts are put before nobody, and the way back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Select, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useAgentName, useRun } from "../desk";
import { useWords } from "../i18n";
import { At, Hollow } from "../shell/bits";
import type { BlockedSender } from "../wire";

export function Blocked() {
  const { t } = useWords();
  const name = useAgentName();
  const queries = useQueryClient();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const found = useQuery({ queryKey: keys.blocked, queryFn: ({ signal }) => api.blocked(signal) });
  const unblock = async (item: BlockedSender): Promise<void> => {
    const { ok } = await run("sender.unblock", { kind: item.kind, value: item.value });
    if (!ok) return;
    message.success(t("blocked.unblocked"));
    await queries.invalidateQueries({ queryKey: keys.blocked });
  };
  return (
    <section data-testid="blocked">
      <h2>{t("blocked.title")}</h2>
      <p className="dim">{t("blocked.intro")}</p>
      <KeepOut />
      <Table<BlockedSender>
        size="small"
        rowKey="value"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow title={t("blocked.empty")} /> }}
        columns={[
          { key: "who", title: t("blocked.who"), ellipsis: true, render: (_, item) => item.value },
          { key: "why", title: t("blocked.reason"), ellipsis: true, render: (_, item) => item.reason },
          {
            key: "until",
            title: t("blocked.until"),
            width: 120,
            render: (_, item) => (item.until ? <At at={item.until} /> : t("blocked.always")),
          },
          { key: "by", title: t("blocked.by"), width: 160, ellipsis: true, render: (_, item) => name(item.agent) },
          { key: "at", title: t("quarantine.at"), width: 120, render: (_, item) => <At at={item.at} /> },
          {
            key: "do",
            title: <span className="sr">{t("blocked.unblock")}</span>,
            width: 160,
            align: "end",
            render: (_, item) => (
              <Button size="small" loading={busy.has("sender.unblock")} data-testid="unblock" onClick={() => void unblock(item)}>
                {t("blocked.unblock")}
              </Button>
            ),
          },
        ]}
      />
    </section>
  );
}

const DAYS = [7, 30, 365] as const;

/** Block a number or an address by hand, with a reason, for a while or for good. */
function KeepOut() {
  const { t } = useWords();
  const queries = useQueryClient();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const [to, setTo] = useState("");
  const [reason, setReason] = useState("");
  const [days, setDays] = useState(30);
  const submit = async (): Promise<void> => {
    const { ok } = await run("sender.keep_out", { to: to.trim(), reason: reason.trim(), ...(days ? { days } : {}) });
    if (!ok) return;
    message.success(t("blocked.done"));
    setTo("");
    setReason("");
    await queries.invalidateQueries({ queryKey: keys.blocked });
  };
  return (
    <form
      className="row"
      style={{ marginBottom: 12, maxWidth: 760 }}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Input value={to} placeholder={t("blocked.whom")} data-testid="keep-out-to" onChange={(event) => setTo(event.target.value)} />
      <Input
        value={reason}
        placeholder={t("blocked.reason")}
        data-testid="keep-out-reason"
        onChange={(event) => setReason(event.target.value)}
      />
      <Select
        value={days}
        aria-label={t("blocked.until")}
        style={{ minWidth: 130 }}
        options={[...DAYS.map((n) => ({ value: n as number, label: t("blocked.days", { n }) })), { value: 0, label: t("blocked.always") }]}
        onChange={setDays}
      />
      <Button
        htmlType="submit"
        disabled={!to.trim() || !reason.trim()}
        loading={busy.has("sender.keep_out")}
        data-testid="keep-out-submit"
      >
        {t("blocked.block")}
      </Button>
    </form>
  );
}
