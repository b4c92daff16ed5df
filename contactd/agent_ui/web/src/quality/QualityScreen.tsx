/** Quality: what was assessed, how good the service was, and for who judges: scorecards and who is drawn. */
import { SafetyCertificateOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Segmented, Table, Tooltip } from "antd";
import { useState } from "react";
import { useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, ChannelIcon, Hollow, LoadFailed } from "../shell/bits";
import { Definitions } from "./Definitions";
import { quality, type ReviewView } from "./quality";
import { ReviewDrawer } from "./ReviewDrawer";
import { ServiceFigures } from "./ServiceFigures";
import "./quality.css";

type View = "reviews" | "figures" | "cards";

export default function QualityScreen({ selected }: { selected: string | null }) {
  const { t, word } = useWords();
  const judges = useMay("quality.assess");
  const [view, setView] = useState<View>("reviews");
  const views: View[] = judges ? ["reviews", "figures", "cards"] : ["reviews", "figures"];
  return (
    <div className="quality" data-testid="quality">
      <header className="row quality-bar">
        <h1>{t("quality.title")}</h1>
        <Segmented
          value={view}
          options={views.map((value) => ({ value, label: <span data-testid={`quality-${value}`}>{word("quality.views", value)}</span> }))}
          onChange={(value) => setView(value as View)}
        />
      </header>
      {view === "reviews" ? <Reviews judges={judges} /> : view === "figures" ? <ServiceFigures judges={judges} /> : <Definitions />}
      <ReviewDrawer id={selected} onClose={() => go("quality")} />
    </div>
  );
}

const STATES = ["drawn", "objected", "given"] as const;

function Reviews({ judges }: { judges: boolean }) {
  const { t, word } = useWords();
  const me = useConsole((state) => state.me.agent);
  const [state, setState] = useState<string>(judges ? "drawn" : "given");
  const found = useInfiniteQuery({
    queryKey: ["reviews", "list", state],
    queryFn: ({ pageParam, signal }) => quality.reviews({ state, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {judges && (
        <div className="row quality-bar">
          <Segmented value={state} options={STATES.map((value) => ({ value, label: <span data-testid={`reviews-${value}`}>{word("quality.states", value)}</span> }))} onChange={(value) => setState(String(value))} />
          <span className="dim">{t("quality.rule")}</span>
        </div>
      )}
      <Table<ReviewView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={items}
        pagination={false}
        onRow={(item) => ({ onClick: () => go("quality", item.id), className: "quality-row" })}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<SafetyCertificateOutlined />} title={t("quality.none")} hint={t(judges ? "quality.noneHint" : "quality.noneOwn")} /> }}
        columns={[
          { key: "channel", title: "", width: 40, render: (_, item) => <ChannelIcon channel={item.channel} /> },
          {
            key: "subject",
            title: t("quality.contact"),
            ellipsis: true,
            render: (_, item) => (
              <Button type="link" size="small" data-testid="review-open" onClick={() => go("quality", item.id)}>
                {item.subject || word("channel", item.channel)}
              </Button>
            ),
          },
          { key: "at", title: t("quality.at"), width: 120, render: (_, item) => <At at={item.contact_at} /> },
          ...(judges ? [{ key: "agent", title: t("quality.agent"), width: 130, ellipsis: true, render: (_: unknown, item: ReviewView) => item.agent_name }] : []),
          { key: "card", title: t("quality.card"), width: 170, ellipsis: true, render: (_, item) => item.scorecard_name },
          {
            key: "state",
            title: t("quality.state"),
            width: 190,
            render: (_, item) => (
              <span className="row">
                <span className="tag">{word("quality.states", item.state)}</span>
                {item.calibrates && <span className="tag">{t("quality.calibration")}</span>}
                {item.picked && (
                  <Tooltip title={t("quality.pickedWhat")}>
                    <span className="tag">{t("quality.picked")}</span>
                  </Tooltip>
                )}
                {!judges && item.agent === me && item.seen_at === null && <span className="tag accent">{t("quality.fresh")}</span>}
              </span>
            ),
          },
          { key: "assessor", title: t("quality.assessor"), width: 120, ellipsis: true, render: (_, item) => item.assessor_name },
          { key: "score", title: t("quality.score"), width: 80, align: "right", render: (_, item) => <Score value={item.score} /> },
        ]}
      />
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </>
  );
}

export function Score({ value }: { value: number | null }) {
  if (value === null) return <span className="dim">–</span>;
  return <strong className={`num quality-score ${value < 60 ? "bad" : value < 80 ? "middling" : "good"}`}>{value}</strong>;
}
