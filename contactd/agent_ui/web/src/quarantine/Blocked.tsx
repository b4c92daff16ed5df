/** Senders whose contacts are put before nobody, and the way back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Table } from "antd";
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
      <Table<BlockedSender>
        size="small"
        rowKey="value"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow title={t("blocked.empty")} /> }}
        columns={[
          { key: "who", title: t("blocked.who"), ellipsis: true, render: (_, item) => item.value },
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
