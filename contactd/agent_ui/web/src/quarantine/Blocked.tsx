/** Senders whose contacts are put before nobody, and the way back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { Hollow } from "../shell/bits";
import type { BlockedSender } from "../wire";
import { UntilSelect, useListedColumns } from "./senders";

export function Blocked() {
  const { t } = useWords();
  const listed = useListedColumns<BlockedSender>(t("blocked.by"));
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
          ...listed,
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
      <UntilSelect value={days} onChange={setDays} />
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
