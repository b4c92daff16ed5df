/** Which ways callers take through the menus, and where they hang up. */
import { useQuery } from "@tanstack/react-query";
import { Segmented, Table } from "antd";
import { useMemo, useState } from "react";
import { api, keys } from "../api";
import { useWords } from "../i18n";
import { Hollow, LoadFailed } from "../shell/bits";
import type { MenuWay } from "../wire";

const DAYS = [1, 7, 30] as const;

export function MenuWays() {
  const { t } = useWords();
  const [days, setDays] = useState<number>(7);
  const found = useQuery({
    queryKey: keys.menuWays(days),
    queryFn: ({ signal }) => api.menuWays(new Date(Date.now() - days * 86_400_000).toISOString(), signal),
  });
  const items = found.data?.items;
  const came = useMemo(() => {
    const counted = new Map<string, number>();
    for (const one of items ?? []) counted.set(one.menu, (counted.get(one.menu) ?? 0) + one.count);
    return counted;
  }, [items]);
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <>
      <div className="row prompts-bar">
        <Segmented value={days} options={DAYS.map((n) => ({ value: n as number, label: t("prompts.days", { n }) }))} onChange={(value) => setDays(Number(value))} />
        {found.data && <span className="dim">{t(found.data.more ? "prompts.callersMore" : "prompts.callers", { n: found.data.callers })}</span>}
      </div>
      <Table<MenuWay>
        size="small"
        rowKey={(item) => `${item.menu} ${item.choice}`}
        loading={found.isPending}
        dataSource={items ?? []}
        pagination={false}
        onRow={(item) => ({ "data-testid": "menu-way", "data-menu": item.menu, "data-choice": item.choice }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow title={t("prompts.noWays")} hint={t("prompts.noWaysHint")} /> }}
        columns={[
          {
            key: "menu",
            title: t("prompts.menu"),
            width: 200,
            render: (_, item, index) =>
              items?.[index - 1]?.menu === item.menu ? null : (
                <span>
                  <code>{item.menu}</code> <span className="dim num">{came.get(item.menu)}</span>
                </span>
              ),
          },
          { key: "choice", title: t("prompts.way"), ellipsis: true, render: (_, item) => <Choice item={item} /> },
          { key: "count", title: t("prompts.count"), width: 100, align: "right", render: (_, item) => <span className="num">{item.count}</span> },
          {
            key: "share",
            title: t("prompts.share"),
            width: 260,
            render: (_, item) => <Share value={(100 * item.count) / (came.get(item.menu) ?? 1)} bad={item.choice === ""} />,
          },
        ]}
      />
    </>
  );
}

function Choice({ item }: { item: MenuWay }) {
  const { t, word } = useWords();
  if (item.choice === "") return <strong className="late">{t("prompts.hungUp")}</strong>;
  if (/^[0-9*#]$/.test(item.choice))
    return (
      <span>
        <kbd>{item.choice}</kbd> {item.label}
      </span>
    );
  return (
    <span>
      {word("prompts.choices", item.choice)} {item.label && <span className="dim">{item.label}</span>}
    </span>
  );
}

function Share({ value, bad }: { value: number; bad: boolean }) {
  return (
    <span className="row prompt-share">
      <span className="prompt-track" aria-hidden>
        <span className={bad ? "bad" : ""} style={{ width: `${value}%` }} />
      </span>
      <span className="num">{Math.round(value)}%</span>
    </span>
  );
}
