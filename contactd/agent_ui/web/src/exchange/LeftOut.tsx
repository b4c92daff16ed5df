/** Rows a connector could not take over: why, what they say, and what is to become of them. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Drawer, Popconfirm, Table } from "antd";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { connectors, type LeftOutRow } from "./connectors";
import { Reasons } from "./Reasons";

export function LeftOut({ name, onClose }: { name: string; onClose(): void }) {
  const words = useWords();
  const { t } = words;
  const may = useMay("import.run");
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const found = useInfiniteQuery({
    queryKey: ["connectors", name, "left-out"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => connectors.leftOut(name, pageParam, signal),
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const then = async (work: Promise<unknown>): Promise<void> => {
    try {
      const done = (await work) as { counts?: Record<string, number> } | undefined;
      const again = (done?.counts?.error ?? 0) + (done?.counts?.ambiguous ?? 0);
      if (done !== undefined && (done.counts === undefined || again > 0)) message.warning(t("connectors.stillOut"));
      else message.success(t("connectors.settled"));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
    await queries.invalidateQueries({ queryKey: ["connectors"] });
  };
  return (
    <Drawer
      open
      size={860}
      title={t("connectors.leftOutOf", { name })}
      onClose={onClose}
      extra={
        may &&
        rows.length > 1 && (
          <Button onClick={() => void then(connectors.retry(name, []))} data-testid="left-out-retry-all">
            {t("connectors.retryAll")}
          </Button>
        )
      }
    >
      <p className="dim">{t("connectors.leftOutHint")}</p>
      {found.isError ? (
        <LoadFailed again={() => void found.refetch()} />
      ) : (
        <Table<LeftOutRow>
          size="small"
          rowKey="id"
          loading={found.isPending}
          dataSource={rows}
          pagination={false}
          onRow={() => ({ "data-testid": "left-out-row" }) as object}
          locale={{ emptyText: found.isPending ? " " : t("connectors.allSettled") }}
          columns={[
            { key: "at", title: t("exchange.at"), width: 110, render: (_, one) => <At at={one.at} /> },
            { key: "why", title: t("exchange.why"), width: 250, render: (_, one) => <Reasons reasons={one.reasons} /> },
            { key: "row", title: t("connectors.row"), render: (_, one) => <Cells one={one} /> },
            {
              key: "do",
              title: <span className="sr">{t("connectors.retry")}</span>,
              width: 170,
              align: "end",
              render: (_, one) =>
                may && (
                  <span className="row" style={{ justifyContent: "flex-end" }}>
                    <Button size="small" onClick={() => void then(connectors.retry(name, [one.id]))} data-testid="left-out-retry">
                      {t("connectors.retry")}
                    </Button>
                    <Popconfirm title={t("connectors.leaveSure")} okText={t("connectors.leave")} cancelText={t("common.cancel")} placement="left" onConfirm={() => void then(connectors.leave(name, one.id))}>
                      <Button size="small" danger data-testid="left-out-leave">
                        {t("connectors.leave")}
                      </Button>
                    </Popconfirm>
                  </span>
                ),
            },
          ]}
        />
      )}
      {found.hasNextPage && (
        <Button block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("connectors.moreRows")}
        </Button>
      )}
    </Drawer>
  );
}

function Cells({ one }: { one: LeftOutRow }) {
  return (
    <dl className="connector-cells">
      {Object.entries(one.row).map(([column, cell]) => (
        <div key={column}>
          <dt>{column}</dt>
          <dd>{typeof cell === "string" ? cell : cell[1]}</dd>
        </div>
      ))}
    </dl>
  );
}
