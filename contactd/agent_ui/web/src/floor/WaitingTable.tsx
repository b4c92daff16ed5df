/** Everything that waits, in the order it stands; a thousand rows scroll smoothly. */
import { CoffeeOutlined } from "@ant-design/icons";
import { Button, Table } from "antd";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import { subjectOf } from "../channels/subject";
import { useLineLabel } from "../desk";
import { useWords } from "../i18n";
import { ChannelIcon, Hollow, Since, StateMark, Vip } from "../shell/bits";
import type { InteractionView } from "../wire";
import { nameOf } from "../work/WorkList";
import { useLabels } from "../work/reasons";

interface Props {
  waiting: InteractionView[];
  /** Seconds after which a contact of a line is late, by the contact. */
  limit(item: InteractionView): number | null;
  /** Agent → name. */
  names: ReadonlyMap<string, string>;
  onWhy(item: InteractionView): void;
}

const HEAD_PX = 34;

export const WaitingTable = memo(function WaitingTable({ waiting, limit: limitOf, names, onWhy }: Props) {
  const words = useWords();
  const { t, word } = words;
  const label = useLineLabel();
  const labels = useLabels();
  const box = useRef<HTMLDivElement>(null);
  const height = useRoom(box);
  const rows = useMemo(
    () => [...waiting].sort((a, b) => (a.queued_at ?? "").localeCompare(b.queued_at ?? "") || a.id.localeCompare(b.id)),
    [waiting],
  );
  if (rows.length === 0) {
    return (
      <div className="card-scroll" ref={box}>
        <Hollow glyph={<CoffeeOutlined />} title={t("floor.itemsEmpty")} />
      </div>
    );
  }
  return (
    <div className="waiting" ref={box}>
      <Table<InteractionView>
        size="small"
        virtual
        rowKey="id"
        dataSource={rows}
        pagination={false}
        scroll={{ x: 790, y: Math.max(120, height - HEAD_PX) }}
        onRow={(item) => ({ "data-testid": "floor-waiting-row", "data-id": item.id, "data-channel": item.channel }) as object}
        columns={[
          { key: "channel", title: <span className="sr">{t("floor.channel")}</span>, width: 46, render: (_, item) => <ChannelIcon channel={item.channel} title={false} /> },
          {
            key: "customer",
            title: t("floor.customer"),
            width: 208,
            ellipsis: true,
            render: (_, item) => (
              <span className="waiting-who">
                <span className="row">
                  <b className="cut">{nameOf(item, t("work.noName"))}</b>
                  <Vip level={item.vip} />
                </span>
                <span className="dim cut waiting-subject">{subjectOf(words, item.channel, item.subject) || item.last_message}</span>
              </span>
            ),
          },
          { key: "line", title: t("floor.line"), width: 96, ellipsis: true, render: (_, item) => label(item.line) },
          {
            key: "skills",
            title: t("floor.skills"),
            width: 110,
            ellipsis: true,
            render: (_, item) =>
              item.skills.length === 0 ? (
                <span className="dim">–</span>
              ) : (
                <span className="row">
                  <span className="cut">{item.skills.map(({ skill, level }) => `${labels.skill(skill)} ${level}`).join(" · ")}</span>
                </span>
              ),
          },
          {
            key: "priority",
            title: t("floor.priority"),
            width: 84,
            align: "end",
            sorter: (a, b) => a.priority - b.priority,
            render: (_, item) => <span className={`num${item.priority > 0 ? "" : " dim"}`}>{item.priority}</span>,
          },
          {
            key: "state",
            title: t("floor.state"),
            width: 108,
            ellipsis: true,
            render: (_, item) => (
              <span className="row">
                <StateMark state={item.state} pulse={item.state === "offered"} />
                <span className="cut">
                  {item.state === "offered" && item.offered_to
                    ? t("floor.offeredTo", { agent: names.get(item.offered_to) ?? item.offered_to })
                    : word("state", item.state)}
                </span>
              </span>
            ),
          },
          {
            key: "waited",
            title: t("floor.waited"),
            width: 88,
            align: "end",
            sorter: (a, b) => (b.queued_at ?? "").localeCompare(a.queued_at ?? ""),
            render: (_, item) => {
              const limit = limitOf(item);
              return <Since at={item.queued_at} near={limit === null ? null : limit * 0.7} late={limit} />;
            },
          },
          {
            key: "why",
            title: <span className="sr">{t("floor.why")}</span>,
            width: 62,
            align: "end",
            render: (_, item) => (
              <Button type="link" size="small" data-testid="floor-why" onClick={() => onWhy(item)}>
                {t("floor.why")}
              </Button>
            ),
          },
        ]}
      />
    </div>
  );
});

function useRoom(box: React.RefObject<HTMLDivElement | null>): number {
  const [height, setHeight] = useState(360);
  useEffect(() => {
    if (box.current === null) return;
    const watcher = new ResizeObserver(([entry]) => setHeight(Math.floor(entry?.contentRect.height ?? 360)));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  });
  return height;
}
