/** What has not left yet and what went wrong: mine, or for supervisors everybody's; taken back, sent now, put away. */
import { ReloadOutlined, SendOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Progress, Segmented, Table, Tooltip } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { useAgentName, useLineLabel, useMay, useRun } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, ChannelIcon, Hollow, LoadFailed } from "../shell/bits";
import { Delivery } from "../contact/MailThread";
import type { OutboxItem, SendLimit } from "../wire";
import { useTakeBack } from "./takeBack";
import "./outbox.css";

type Box = OutboxItem["box"];
const BOXES: Box[] = ["held", "failed", "waiting", "scheduled"];

export default function OutboxScreen() {
  const { t } = useWords();
  const line = useLineLabel();
  const name = useAgentName();
  const supervises = useMay("interaction.watch");
  const [whose, setWhose] = useState<"mine" | "all">("mine");
  const [box, setBox] = useState<Box | null>(null);
  const all = supervises && whose === "all";
  const found = useQuery({
    queryKey: keys.outbox(all),
    queryFn: ({ signal }) => api.outbox(all, signal),
    refetchInterval: 30_000,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const items = found.data?.items ?? [];
  const count = (wanted: Box): number => items.filter((item) => item.box === wanted).length;
  const shown = box ?? BOXES.find((one) => count(one) > 0) ?? "failed";
  const rows = items.filter((item) => item.box === shown);
  return (
    <div className="outbox" data-testid="outbox">
      <header className="row">
        <div className="grow">
          <h1>{t("outbox.title")}</h1>
          <p className="dim">{t("outbox.intro")}</p>
        </div>
        {supervises && (
          <Segmented
            value={whose}
            options={[
              { value: "mine", label: t("outbox.mine") },
              { value: "all", label: <span data-testid="outbox-all">{t("outbox.all")}</span> },
            ]}
            onChange={(value) => setWhose(value as "mine" | "all")}
          />
        )}
        <Button icon={<ReloadOutlined />} loading={found.isFetching} onClick={() => void found.refetch()}>
          {t("common.refresh")}
        </Button>
      </header>
      <div className="row outbox-bar">
        <Segmented
          value={shown}
          options={BOXES.map((one) => ({
            value: one,
            label: (
              <span data-testid={`outbox-${one}`}>
                {t(`outbox.box.${one}`)} <span className="num dim">{count(one)}</span>
              </span>
            ),
          }))}
          onChange={(value) => setBox(value as Box)}
        />
        <span className="grow" />
        <Limits limits={found.data?.limits ?? []} />
      </div>
      <Table<OutboxItem>
        size="small"
        rowKey="message"
        loading={found.isPending}
        dataSource={rows}
        pagination={rows.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
        onRow={(item) => ({ "data-testid": "outbox-row", "data-id": item.message, "data-state": item.state }) as object}
        locale={{
          emptyText: found.isPending ? (
            " "
          ) : (
            <div style={{ height: 220 }}>
              <Hollow glyph={<SendOutlined />} title={t(`outbox.empty.${shown}`)} hint={t("outbox.emptyHint")} />
            </div>
          ),
        }}
        columns={[
          { key: "channel", title: <span className="sr">{t("floor.channel")}</span>, width: 44, render: (_, item) => <ChannelIcon channel={item.channel} /> },
          {
            key: "what",
            title: t("outbox.message"),
            render: (_, item) => (
              <button type="button" className="clear outbox-what" onClick={() => go("work", item.interaction)}>
                <span className="cut">{item.subject || t("work.noSubject")}</span>
                <span className="dim cut">{item.snippet}</span>
              </button>
            ),
          },
          { key: "to", title: t("contact.to"), width: 200, ellipsis: true, render: (_, item) => item.to.join("、") },
          ...(all ? [{ key: "agent", title: t("floor.agent"), width: 110, ellipsis: true, render: (_: unknown, item: OutboxItem) => name(item.agent) }] : []),
          { key: "line", title: t("floor.line"), width: 110, ellipsis: true, render: (_, item) => line(item.line) },
          { key: "at", title: t("outbox.written"), width: 104, render: (_, item) => <At at={item.at} /> },
          {
            key: "state",
            title: t("floor.state"),
            width: 250,
            render: (_, item) => <Where item={item} />,
          },
          { key: "do", title: <span className="sr">{t("outbox.actions")}</span>, width: 200, align: "end", render: (_, item) => <Decide item={item} /> },
        ]}
      />
    </div>
  );
}

function Where({ item }: { item: OutboxItem }) {
  const { t, word } = useWords();
  if (item.box === "held") {
    return (
      <span data-testid="outbox-why" data-why={item.detail}>
        {word("overtaken", item.detail)}
      </span>
    );
  }
  if (item.box === "scheduled") {
    return (
      <span>
        {t("outbox.leaves")} <At at={item.next_at} />
      </span>
    );
  }
  return (
    <div className="outbox-where">
      <span>
        <Delivery state={item.state} />
        {item.attempts > 0 && <span className="dim num"> {t("outbox.attempts", { n: item.attempts })}</span>}
        {item.next_at !== null && item.state !== "sending" && (
          <span className="dim">
            {" · "}
            {t("outbox.next")} <At at={item.next_at} />
          </span>
        )}
      </span>
      {item.detail !== "" && (
        <Tooltip title={item.detail}>
          <span className="dim cut">{item.detail}</span>
        </Tooltip>
      )}
    </div>
  );
}

function Decide({ item }: { item: OutboxItem }) {
  const { t } = useWords();
  const { run, busy } = useRun();
  const takeBack = useTakeBack();
  const data = { message: item.message };
  const stays = item.box !== "failed" && item.state !== "sending" && item.state !== "maybe";
  return (
    <div className="row" style={{ justifyContent: "flex-end" }}>
      {item.state !== "sending" && (
        <Button size="small" loading={busy.has("outbox.again")} data-testid="outbox-again" onClick={() => void run("outbox.again", data)}>
          {t(item.box === "failed" ? "outbox.again" : item.box === "held" ? "outbox.anyway" : "outbox.now")}
        </Button>
      )}
      {stays && (
        <Button size="small" data-testid="outbox-cancel" onClick={() => void takeBack(item.message, item.interaction)}>
          {t("outbox.cancel")}
        </Button>
      )}
      {item.box === "failed" && (
        <Button size="small" loading={busy.has("outbox.dismiss")} data-testid="outbox-dismiss" onClick={() => void run("outbox.dismiss", data)}>
          {t("outbox.dismiss")}
        </Button>
      )}
    </div>
  );
}

/** What providers let us send, and how much of it is used. */
function Limits({ limits }: { limits: SendLimit[] }) {
  const { t } = useWords();
  return (
    <>
      {limits.map((one) => (
        <Tooltip key={`${one.name}.${one.window}`} title={t("outbox.limitHint", { host: one.host })}>
          <span className="outbox-limit" data-testid="send-limit">
            <span className="dim">
              {one.host} {t(`outbox.window.${one.window}`)}
            </span>
            <span className="num">
              {one.used} / {one.limit}
            </span>
            <Progress percent={Math.min(100, (one.used / one.limit) * 100)} showInfo={false} size="small" status={one.used >= one.limit ? "exception" : "normal"} />
          </span>
        </Tooltip>
      ))}
    </>
  );
}
