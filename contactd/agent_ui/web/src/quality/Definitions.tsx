/** What contacts are judged by, who is drawn, and the draws with the seed that shows nobody picked. */
import { PlusOutlined, SafetyCertificateOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Switch, Table, Tooltip } from "antd";
import { useState } from "react";
import { errorText, useMay, usePolicy } from "../desk";
import { useWords } from "../i18n";
import { Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { CardForm } from "./CardForm";
import { type Draw, quality, type Sampling, type Scorecard } from "./quality";
import { RuleForm } from "./RuleForm";

export function Definitions() {
  const words = useWords();
  const { t, word } = words;
  const policy = usePolicy();
  const edits = useMay("quality.edit");
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const [card, setCard] = useState<Scorecard | "new" | null>(null);
  const [rule, setRule] = useState<Sampling | "new" | null>(null);
  const cards = useQuery({ queryKey: ["scorecards"], queryFn: ({ signal }) => quality.scorecards(signal) });
  const rules = useQuery({ queryKey: ["samplings"], queryFn: ({ signal }) => quality.samplings(signal) });
  if (cards.isError || rules.isError) return <LoadFailed again={() => void Promise.all([cards.refetch(), rules.refetch()])} />;
  const named = new Map((cards.data?.items ?? []).map((one) => [one.id, one.name]));
  const lineLabel = (code: string): string => policy.lines.find((one) => one.code === code)?.label ?? code;
  const turn = async (changing: Promise<unknown>, key: string): Promise<void> => {
    try {
      await changing;
      await queries.invalidateQueries({ queryKey: [key] });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  const chosen = (item: Sampling): string =>
    [
      item.line ? lineLabel(item.line) : t("surveys.everyLine"),
      item.channel ? word("channel", item.channel) : t("surveys.everyChannel"),
      item.least_s > 0 && t("quality.atLeast", { n: item.least_s }),
      item.most_percent !== null && t("quality.atMost", { n: item.most_percent }),
      item.complaint && t("quality.onlyComplaints"),
    ]
      .filter(Boolean)
      .join(" · ");
  return (
    <>
      <Head title={t("quality.cards")} add={edits ? t("quality.newCard") : null} mark="card-new" onAdd={() => setCard("new")} />
      <Table<Scorecard>
        size="small"
        rowKey="id"
        loading={cards.isPending}
        dataSource={cards.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: cards.isPending ? " " : <Hollow glyph={<SafetyCertificateOutlined />} title={t("quality.noCard")} hint={t("quality.noCardHint")} /> }}
        columns={[
          { key: "name", title: t("quality.name"), ellipsis: true, render: (_, item) => <Button type="link" size="small" onClick={() => setCard(item)}>{item.name}</Button> },
          { key: "channel", title: t("quality.by.channel"), width: 130, render: (_, item) => (item.channel ? word("channel", item.channel) : t("surveys.everyChannel")) },
          { key: "questions", title: t("quality.questions"), width: 100, align: "right", render: (_, item) => <span className="num">{item.sections.reduce((n, one) => n + one.questions.length, 0)}</span> },
          { key: "version", title: t("quality.versionTitle"), width: 90, align: "right", render: (_, item) => <span className="num">{item.version}</span> },
          { key: "active", title: t("surveys.active"), width: 90, render: (_, item) => <Switch size="small" disabled={!edits} checked={item.active} aria-label={t("surveys.active")} onChange={(active) => void turn(quality.changeCard(item.id, { active, row_version: item.row_version }), "scorecards")} /> },
        ]}
      />
      <Head title={t("quality.rules")} hint={t("quality.rulesHint")} add={edits && named.size > 0 ? t("quality.newRule") : null} mark="rule-new" onAdd={() => setRule("new")} />
      <Table<Sampling>
        size="small"
        rowKey="id"
        loading={rules.isPending}
        dataSource={rules.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: rules.isPending ? " " : <Hollow title={t("quality.noRule")} hint={t("quality.noRuleHint")} /> }}
        columns={[
          { key: "name", title: t("quality.name"), ellipsis: true, render: (_, item) => <Button type="link" size="small" onClick={() => setRule(item)}>{item.name}</Button> },
          { key: "amount", title: t("quality.amount"), width: 190, render: (_, item) => <span className="num">{t(item.how === "percent" ? "quality.percentEach" : "quality.numberEach", { n: item.amount })}</span> },
          { key: "which", title: t("quality.which"), ellipsis: true, render: (_, item) => chosen(item) },
          { key: "card", title: t("quality.card"), width: 170, ellipsis: true, render: (_, item) => named.get(item.form_id) ?? "–" },
          { key: "active", title: t("surveys.active"), width: 90, render: (_, item) => <Switch size="small" disabled={!edits} checked={item.active} aria-label={t("surveys.active")} onChange={(active) => void turn(quality.changeRule(item.id, { active, row_version: item.row_version }), "samplings")} /> },
        ]}
      />
      <Draws draws={rules.data?.draws ?? []} />
      {card !== null && <CardForm item={card === "new" ? null : card} readOnly={!edits} onClose={() => setCard(null)} />}
      {rule !== null && <RuleForm item={rule === "new" ? null : rule} cards={cards.data?.items ?? []} readOnly={!edits} onClose={() => setRule(null)} />}
    </>
  );
}

function Head({ title, hint, add, mark, onAdd }: { title: string; hint?: string; add: string | null; mark: string; onAdd(): void }) {
  return (
    <div className="row quality-bar quality-head">
      <h2>{title}</h2>
      <span className="grow dim">{hint}</span>
      {add && (
        <Button icon={<PlusOutlined />} data-testid={mark} onClick={onAdd}>
          {add}
        </Button>
      )}
    </div>
  );
}

function Draws({ draws }: { draws: Draw[] }) {
  const { t } = useWords();
  if (draws.length === 0) return null;
  return (
    <>
      <Head title={t("quality.draws")} hint={t("quality.drawsHint")} add={null} mark="" onAdd={() => undefined} />
      <Table<Draw>
        size="small"
        rowKey={(item) => `${item.rule_id} ${item.week}`}
        dataSource={draws}
        pagination={false}
        columns={[
          { key: "week", title: t("quality.week"), width: 120, render: (_, item) => <span className="num">{item.week}</span> },
          { key: "name", title: t("quality.name"), ellipsis: true, render: (_, item) => item.name },
          { key: "candidates", title: t("quality.candidates"), width: 110, align: "right", render: (_, item) => <span className="num">{item.candidates}</span> },
          { key: "agents", title: t("quality.agents"), width: 90, align: "right", render: (_, item) => <span className="num">{item.agents}</span> },
          { key: "drawn", title: t("quality.drawn"), width: 90, align: "right", render: (_, item) => <span className="num">{item.drawn}</span> },
          { key: "seed", title: <Tooltip title={t("quality.seedWhat")}>{t("quality.seed")}</Tooltip>, width: 290, render: (_, item) => <code className="dim">{item.seed}</code> },
        ]}
      />
    </>
  );
}
