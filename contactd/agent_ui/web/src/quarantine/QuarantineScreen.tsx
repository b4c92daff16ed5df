/** What could not be read: looked at, replayed or dismissed by a supervisor; never lost by itself. */
import { InboxOutlined, ReloadOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Popconfirm, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { subjectOf } from "../channels/subject";
import { errorText, useLineLabel } from "../desk";
import { useWords } from "../i18n";
import { At, ChannelIcon, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { InteractionView } from "../wire";
import { Blocked } from "./Blocked";
import { RedList } from "./RedList";
import { reasonIn } from "./reasons";
import "./quarantine.css";

export default function QuarantineScreen() {
  const words = useWords();
  const { t } = words;
  const line = useLineLabel();
  const found = useQuery({
    queryKey: keys.quarantined,
    queryFn: ({ signal }) => api.interactions({ state: "quarantined" }, signal),
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="quarantine">
      <header className="row">
        <div className="grow">
          <h1>{t("quarantine.title")}</h1>
          <p className="dim">{t("quarantine.intro")}</p>
        </div>
        <Button icon={<ReloadOutlined />} loading={found.isFetching} onClick={() => void found.refetch()}>
          {t("common.refresh")}
        </Button>
      </header>
      <Table<InteractionView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        onRow={(item) => ({ "data-testid": "quarantine-row", "data-id": item.id }) as object}
        locale={{
          emptyText: found.isPending ? (
            " "
          ) : (
            <div style={{ height: 220 }}>
              <Hollow glyph={<InboxOutlined />} title={t("quarantine.empty")} hint={t("quarantine.emptyHint")} />
            </div>
          ),
        }}
        columns={[
          { key: "channel", title: <span className="sr">{t("floor.channel")}</span>, width: 48, render: (_, item) => <ChannelIcon channel={item.channel} /> },
          { key: "at", title: t("quarantine.at"), width: 120, render: (_, item) => <At at={item.state_since ?? item.queued_at} /> },
          { key: "from", title: t("quarantine.from"), width: 220, ellipsis: true, render: (_, item) => item.from_display || t("common.unknown") },
          { key: "subject", title: t("quarantine.subject"), ellipsis: true, render: (_, item) => subjectOf(words, item.channel, item.subject) || t("work.noSubject") },
          { key: "line", title: t("floor.line"), width: 120, ellipsis: true, render: (_, item) => line(item.line) },
          { key: "reason", title: t("quarantine.reason"), ellipsis: true, render: (_, item) => <span title={item.quarantine_reason ?? undefined}>{item.quarantine_reason ? reasonIn(words, item.quarantine_reason) : "–"}</span> },
          { key: "do", title: <span className="sr">{t("quarantine.replay")}</span>, width: 250, align: "end", render: (_, item) => <Decide item={item} /> },
        ]}
      />
      <Blocked />
      <RedList />
    </div>
  );
}

function Decide({ item }: { item: InteractionView }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState<"replay" | "dismiss" | null>(null);
  const act = async (what: "replay" | "dismiss"): Promise<void> => {
    setBusy(what);
    try {
      await (what === "replay" ? api.replay(item.id) : api.dismiss(item.id, reason.trim()));
      message.success(t(what === "replay" ? "quarantine.replayed" : "quarantine.dismissed"));
      await queries.invalidateQueries({ queryKey: keys.quarantined });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(null);
    }
  };
  return (
    <div className="row" style={{ justifyContent: "flex-end" }}>
      <Button size="small" href={api.originalUrl(item.id)} title={t("quarantine.saveHint")} data-testid="quarantine-original">
        {t("quarantine.save")}
      </Button>
      <Button size="small" loading={busy === "replay"} data-testid="quarantine-replay" onClick={() => void act("replay")}>
        {t("quarantine.replay")}
      </Button>
      <Popconfirm
        title={t("quarantine.dismissConfirm")}
        description={
          <Input value={reason} placeholder={t("quarantine.dismissReason")} onChange={(event) => setReason(event.target.value)} />
        }
        okText={t("quarantine.dismiss")}
        okButtonProps={{ danger: true, "data-testid": "quarantine-dismiss-confirm" } as never}
        cancelText={t("common.cancel")}
        placement="left"
        onConfirm={() => void act("dismiss")}
      >
        <Button size="small" danger loading={busy === "dismiss"} data-testid="quarantine-dismiss">
          {t("quarantine.dismiss")}
        </Button>
      </Popconfirm>
    </div>
  );
}
