/** Numbers and addresses that are always let through: first in line, never blocked, perhaps called by nobody. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Checkbox, Input, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useMay, useRun } from "../desk";
import { useWords } from "../i18n";
import { Hollow } from "../shell/bits";
import type { ProtectedSender } from "../wire";
import { UntilSelect, useListedColumns } from "./senders";

export function RedList() {
  const { t } = useWords();
  const listed = useListedColumns<ProtectedSender>(t("redList.by"));
  const queries = useQueryClient();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const oversees = useMay("sender.protect");
  const found = useQuery({ queryKey: keys.protected, queryFn: ({ signal }) => api.protected(signal) });
  const remove = async (item: ProtectedSender): Promise<void> => {
    const { ok } = await run("sender.unprotect", { kind: item.kind, value: item.value });
    if (!ok) return;
    message.success(t("redList.removed"));
    await queries.invalidateQueries({ queryKey: keys.protected });
  };
  const holds = (item: ProtectedSender): string =>
    [t("redList.through"), ...(item.first ? [t("redList.first")] : []), ...(item.uncalled ? [t("redList.uncalled")] : [])].join(t("redList.comma"));
  return (
    <section data-testid="red-list">
      <h2>{t("redList.title")}</h2>
      <p className="dim">{t("redList.intro")}</p>
      {oversees && <Protect />}
      <Table<ProtectedSender>
        size="small"
        rowKey={(item) => `${item.kind}:${item.value}`}
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow title={t("redList.empty")} /> }}
        columns={[
          { key: "who", title: t("redList.who"), ellipsis: true, render: (_, item) => item.value },
          { key: "what", title: t("redList.what"), render: (_, item) => holds(item) },
          ...listed,
          ...(oversees
            ? [
                {
                  key: "do",
                  title: <span className="sr">{t("redList.remove")}</span>,
                  width: 120,
                  align: "end" as const,
                  render: (_: unknown, item: ProtectedSender) => (
                    <Button size="small" loading={busy.has("sender.unprotect")} data-testid="unprotect" onClick={() => void remove(item)}>
                      {t("redList.remove")}
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
    </section>
  );
}

/** Put a number or an address on the red list. */
function Protect() {
  const { t } = useWords();
  const queries = useQueryClient();
  const { run, busy } = useRun();
  const { message } = AntApp.useApp();
  const [to, setTo] = useState("");
  const [reason, setReason] = useState("");
  const [days, setDays] = useState(0);
  const [first, setFirst] = useState(true);
  const [uncalled, setUncalled] = useState(false);
  const submit = async (): Promise<void> => {
    const data = { to: to.trim(), reason: reason.trim(), first, uncalled, ...(days ? { days } : {}) };
    const { ok } = await run("sender.protect", data);
    if (!ok) return;
    message.success(t("redList.done"));
    setTo("");
    setReason("");
    setUncalled(false);
    await queries.invalidateQueries({ queryKey: keys.protected });
    await queries.invalidateQueries({ queryKey: keys.blocked });
  };
  return (
    <form
      className="row red-list-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Input value={to} placeholder={t("blocked.whom")} data-testid="protect-to" onChange={(event) => setTo(event.target.value)} />
      <Input value={reason} placeholder={t("blocked.reason")} data-testid="protect-reason" onChange={(event) => setReason(event.target.value)} />
      <Checkbox checked={first} onChange={(event) => setFirst(event.target.checked)}>
        {t("redList.first")}
      </Checkbox>
      <Checkbox checked={uncalled} data-testid="protect-uncalled" onChange={(event) => setUncalled(event.target.checked)}>
        {t("redList.uncalled")}
      </Checkbox>
      <UntilSelect value={days} onChange={setDays} />
      <Button htmlType="submit" disabled={!to.trim() || !reason.trim()} loading={busy.has("sender.protect")} data-testid="protect-submit">
        {t("redList.add")}
      </Button>
    </form>
  );
}
