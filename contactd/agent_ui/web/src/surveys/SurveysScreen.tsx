/** How it was: what customers said, summed up and one by one; and what they are asked. */
import { PlusOutlined, SmileOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Segmented, Switch, Table, Tooltip } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, usePolicy } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, ChannelIcon, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { Invitation, Satisfaction, SurveyView } from "../wire";
import { SurveyForm } from "./SurveyForm";
import "./surveys.css";

type View = "figures" | "answers" | "surveys";

export default function SurveysScreen() {
  const { t, word } = useWords();
  const [view, setView] = useState<View>("figures");
  return (
    <div className="surveys" data-testid="surveys">
      <header className="row surveys-bar">
        <h1>{t("surveys.title")}</h1>
        <Segmented value={view} options={(["figures", "answers", "surveys"] as const).map((value) => ({ value, label: word("surveys.views", value) }))} onChange={(value) => setView(value as View)} />
      </header>
      {view === "figures" ? <Figures /> : view === "answers" ? <Answers /> : <Definitions />}
    </div>
  );
}

function Figures() {
  const { t, word } = useWords();
  const policy = usePolicy();
  const [by, setBy] = useState("agent");
  const figures = useQuery({ queryKey: keys.satisfaction(by), queryFn: ({ signal }) => api.satisfaction(by, signal) });
  const agents = useQuery({ queryKey: keys.agents, queryFn: ({ signal }) => api.agents(signal), enabled: by === "agent" });
  const surveys = useQuery({ queryKey: keys.surveys, queryFn: ({ signal }) => api.surveys(signal), enabled: by === "survey" });
  if (figures.isError) return <LoadFailed again={() => void figures.refetch()} />;
  const names = new Map([
    ...(agents.data?.items ?? []).map((one) => [one.agent, one.name] as const),
    ...(surveys.data?.items ?? []).map((one) => [one.id, one.name] as const),
  ]);
  const lineLabel = (code: string): string => policy.lines.find((one) => one.code === code)?.label ?? code;
  const named = (key: string | null): string =>
    key === null ? "–" : by === "channel" ? word("channel", key) : by === "line" ? lineLabel(key) : (names.get(key) ?? key);
  return (
    <>
      <div className="row surveys-bar">
        <Segmented value={by} options={["agent", "line", "channel", "survey"].map((value) => ({ value, label: word("surveys.by", value) }))} onChange={(value) => setBy(String(value))} />
        <span className="dim">{t("surveys.span")}</span>
      </div>
      <Table<Satisfaction>
        size="small"
        rowKey={(item) => item.key ?? ""}
        loading={figures.isPending}
        dataSource={figures.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: figures.isPending ? " " : <Hollow glyph={<SmileOutlined />} title={t("surveys.none")} hint={t("surveys.noneHint")} /> }}
        columns={[
          { key: "key", title: word("surveys.by", by), ellipsis: true, render: (_, item) => named(item.key) },
          {
            key: "satisfaction",
            title: <Tooltip title={t("surveys.satisfactionWhat")}>{t("surveys.satisfaction")}</Tooltip>,
            width: 260,
            render: (_, item) => (item.satisfaction === null ? <span className="dim">–</span> : <Bar value={item.satisfaction} />),
          },
          { key: "asked", title: t("surveys.asked"), width: 90, align: "right", render: (_, item) => <span className="num">{item.asked}</span> },
          { key: "answered", title: t("surveys.answered"), width: 90, align: "right", render: (_, item) => <span className="num">{item.answered}</span> },
          { key: "rate", title: <Tooltip title={t("surveys.rateWhat")}>{t("surveys.rate")}</Tooltip>, width: 90, align: "right", render: (_, item) => <span className="num">{Math.round(item.rate * 100)}%</span> },
          { key: "refused", title: t("surveys.refused"), width: 110, align: "right", render: (_, item) => <span className="num">{item.refused + item.hung_up}</span> },
          { key: "low", title: t("surveys.low"), width: 110, align: "right", render: (_, item) => <span className={`num${item.low > 0 ? " late" : ""}`}>{item.low}</span> },
        ]}
      />
    </>
  );
}

function Bar({ value }: { value: number }) {
  return (
    <span className="row survey-bar">
      <span className="survey-track" aria-hidden>
        <span className={value < 50 ? "bad" : value < 75 ? "middling" : "good"} style={{ width: `${value}%` }} />
      </span>
      <strong className="num">{value.toFixed(1)}</strong>
    </span>
  );
}

function Answers() {
  const { t, word } = useWords();
  const [low, setLow] = useState(false);
  const found = useInfiniteQuery({
    queryKey: keys.invitations(low),
    queryFn: ({ pageParam, signal }) => api.invitations({ low: low ? "true" : null, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <>
      <div className="row surveys-bar">
        <Switch size="small" checked={low} onChange={setLow} aria-label={t("surveys.onlyLow")} /> {t("surveys.onlyLow")}
      </div>
      <Table<Invitation>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<SmileOutlined />} title={t("surveys.none")} hint={t("surveys.noneHint")} /> }}
        columns={[
          { key: "at", title: t("surveys.at"), width: 110, render: (_, item) => <At at={item.asked_at} /> },
          { key: "channel", title: "", width: 40, render: (_, item) => <ChannelIcon channel={item.channel} /> },
          {
            key: "party",
            title: t("customer.title"),
            width: 170,
            ellipsis: true,
            render: (_, item) =>
              item.party_id ? (
                <Button type="link" size="small" onClick={() => go("customer", item.party_id)}>
                  {item.party_name || t("work.noName")}
                </Button>
              ) : (
                <span className="dim">{t("work.noName")}</span>
              ),
          },
          { key: "agent", title: t("surveys.by.agent"), width: 120, ellipsis: true, render: (_, item) => item.agent_name },
          { key: "state", title: t("surveys.state"), width: 110, render: (_, item) => <span className="tag">{word("surveys.states", item.state)}</span> },
          { key: "score", title: t("surveys.score"), width: 80, align: "right", render: (_, item) => <Score item={item} /> },
          { key: "comment", title: t("surveys.comment"), ellipsis: true, render: (_, item) => item.comment },
          {
            key: "case",
            title: t("surveys.followUp"),
            width: 100,
            render: (_, item) =>
              item.case_id && (
                <Button type="link" size="small" onClick={() => go("cases", item.case_id)}>
                  {t("surveys.openCase")}
                </Button>
              ),
          },
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

function Score({ item }: { item: Invitation }) {
  if (item.score === null) return <span className="dim">–</span>;
  const first = item.questions.find((one) => one.kind === "score");
  return (
    <span className={`num${item.case_id ? " late" : ""}`}>
      {item.score} / {first?.best ?? 5}
    </span>
  );
}

function Definitions() {
  const words = useWords();
  const { t, word } = words;
  const policy = usePolicy();
  const lineLabel = (code: string): string => policy.lines.find((one) => one.code === code)?.label ?? code;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [edited, setEdited] = useState<SurveyView | "new" | null>(null);
  const found = useQuery({ queryKey: keys.surveys, queryFn: ({ signal }) => api.surveys(signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const change = async (item: SurveyView, active: boolean): Promise<void> => {
    try {
      await api.changeSurvey(item.id, { active, row_version: item.row_version });
      await queries.invalidateQueries({ queryKey: keys.surveys });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  return (
    <>
      <div className="row surveys-bar">
        <span className="grow dim">{t("surveys.rule")}</span>
        <Button type="primary" icon={<PlusOutlined />} data-testid="survey-new" onClick={() => setEdited("new")}>
          {t("surveys.new")}
        </Button>
      </div>
      <Table<SurveyView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<SmileOutlined />} title={t("surveys.noSurvey")} hint={t("surveys.noSurveyHint")} /> }}
        columns={[
          {
            key: "name",
            title: t("surveys.name"),
            ellipsis: true,
            render: (_, item) => (
              <Button type="link" size="small" onClick={() => setEdited(item)}>
                {item.name}
              </Button>
            ),
          },
          { key: "line", title: t("surveys.by.line"), width: 140, render: (_, item) => (item.line ? lineLabel(item.line) : t("surveys.everyLine")) },
          { key: "channel", title: t("surveys.by.channel"), width: 120, render: (_, item) => (item.channel ? word("channel", item.channel) : t("surveys.everyChannel")) },
          { key: "questions", title: t("surveys.questions"), width: 90, align: "right", render: (_, item) => <span className="num">{item.questions.length}</span> },
          { key: "share", title: t("surveys.share"), width: 90, align: "right", render: (_, item) => <span className="num">{item.share}%</span> },
          { key: "days", title: t("surveys.pause"), width: 110, align: "right", render: (_, item) => <span className="num">{t("surveys.days", { n: item.every_days })}</span> },
          { key: "low", title: t("surveys.lowAt"), width: 120, align: "right", render: (_, item) => <span className="num">{item.low === null ? "–" : `≤ ${item.low}`}</span> },
          { key: "active", title: t("surveys.active"), width: 90, render: (_, item) => <Switch size="small" checked={item.active} aria-label={t("surveys.active")} onChange={(on) => void change(item, on)} /> },
        ]}
      />
      {edited !== null && <SurveyForm item={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </>
  );
}
