/** What callers hear: takes by name, language and time; what is missing somewhere; what a line hears in the place of one. */
import { PlusOutlined, SoundOutlined, WarningOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Popconfirm, Segmented, Table } from "antd";
import { useState } from "react";
import { api, keys } from "../api";
import { errorText, useAgentName, useLineLabel } from "../desk";
import { duration } from "../format";
import { useWords } from "../i18n";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import type { PromptLibrary, PromptSwitch, PromptTake } from "../wire";
import { MenuWays } from "./MenuWays";
import { ParallelRun } from "./ParallelRun";
import { PromptForm } from "./PromptForm";
import { SwitchForm } from "./SwitchForm";
import "./prompts.css";

type View = "library" | "ways" | "parallel";

export default function PromptsScreen() {
  const { t, word } = useWords();
  const [view, setView] = useState<View>("library");
  return (
    <div className="prompts" data-testid="prompts">
      <header className="row prompts-bar">
        <h1>{t("prompts.title")}</h1>
        <Segmented
          value={view}
          options={(["library", "ways", "parallel"] as const).map((value) => ({ value, label: <span data-testid={`view-${value}`}>{word("prompts.views", value)}</span> }))}
          onChange={(value) => setView(value as View)}
        />
      </header>
      {view === "library" ? <Library /> : view === "ways" ? <MenuWays /> : <ParallelRun />}
    </div>
  );
}

function Library() {
  const { t } = useWords();
  const [adding, setAdding] = useState<{ name: string; language: string } | null>(null);
  const found = useQuery({ queryKey: keys.prompts, queryFn: ({ signal }) => api.prompts(signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const library = found.data;
  return (
    <>
      <div className="row prompts-bar">
        <p className="dim grow">{t("prompts.intro")}</p>
        <Button type="primary" icon={<PlusOutlined />} data-testid="prompt-new" onClick={() => setAdding({ name: "", language: "zh" })}>
          {t("prompts.add")}
        </Button>
      </div>
      {library && <Missing library={library} onAdd={(name, language) => setAdding({ name, language })} />}
      <Takes items={library?.items ?? []} pending={found.isPending} />
      <h2>{t("prompts.switches")}</h2>
      <p className="dim">{t("prompts.switchesIntro")}</p>
      {library && <SwitchForm library={library} />}
      <Switches items={library?.switches ?? []} pending={found.isPending} />
      {adding && library && <PromptForm begin={adding} library={library} onClose={() => setAdding(null)} />}
    </>
  );
}

/** Places that name an announcement which is not there: one click brings it. */
function Missing({ library, onAdd }: { library: PromptLibrary; onAdd(name: string, language: string): void }) {
  const { t, word } = useWords();
  if (library.missing.length === 0) return null;
  return (
    <section className="prompts-missing" role="status" data-testid="prompts-missing">
      <strong>
        <WarningOutlined /> {t("prompts.missing", { n: library.missing.length })}
      </strong>
      <ul>
        {library.missing.map((one) => (
          <li key={`${one.where} ${one.name} ${one.language}`}>
            <code>{one.name}</code> · {word("prompts.languages", one.language)} <span className="dim">{one.where}</span>{" "}
            <Button size="small" type="link" onClick={() => onAdd(one.name, one.language)}>
              {t("prompts.add")}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Takes({ items, pending }: { items: PromptTake[]; pending: boolean }) {
  const words = useWords();
  const { t, word } = words;
  const name = useAgentName();
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const retire = async (item: PromptTake): Promise<void> => {
    try {
      await api.retirePrompt(item.id);
      message.success(t("prompts.retired"));
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
    await queries.invalidateQueries({ queryKey: keys.prompts });
  };
  return (
    <Table<PromptTake>
      size="small"
      rowKey="id"
      loading={pending}
      dataSource={items}
      pagination={false}
      onRow={(item) => ({ "data-testid": "prompt-row", "data-name": item.name, "data-language": item.language }) as object}
      locale={{ emptyText: pending ? " " : <Hollow glyph={<SoundOutlined />} title={t("prompts.none")} hint={t("prompts.noneHint")} /> }}
      columns={[
        { key: "name", title: t("prompts.name"), width: 170, ellipsis: true, render: (_, item) => <code>{item.name}</code> },
        { key: "language", title: t("prompts.language"), width: 90, render: (_, item) => word("prompts.languages", item.language) },
        { key: "words", title: t("prompts.words"), ellipsis: true, render: (_, item) => item.words || <span className="dim">–</span> },
        {
          key: "sound",
          title: t("prompts.listen"),
          width: 300,
          render: (_, item) => (
            <span className="row">
              {/* biome-ignore lint/a11y/useMediaCaption: its words stand beside it */}
              <audio controls preload="none" src={api.promptSound(item.id)} aria-label={item.name} />
              <span className="num dim">{duration(item.seconds)}</span>
            </span>
          ),
        },
        { key: "valid", title: t("prompts.valid"), width: 190, render: (_, item) => <Valid item={item} /> },
        { key: "by", title: t("prompts.by"), width: 110, ellipsis: true, render: (_, item) => name(item.created_by) },
        {
          key: "do",
          title: <span className="sr">{t("prompts.retire")}</span>,
          width: 90,
          align: "end",
          render: (_, item) => (
            <Popconfirm title={t("prompts.retireConfirm")} okText={t("prompts.retire")} cancelText={t("common.cancel")} onConfirm={() => void retire(item)}>
              <Button size="small" danger data-testid="prompt-retire">
                {t("prompts.retire")}
              </Button>
            </Popconfirm>
          ),
        },
      ]}
    />
  );
}

function Valid({ item }: { item: PromptTake }) {
  const { t } = useWords();
  const now = Date.now();
  const state = Date.parse(item.valid_from) > now ? "later" : item.valid_until !== null && Date.parse(item.valid_until) <= now ? "over" : "now";
  return (
    <span>
      <span className={`tag prompt-${state}`}>{t(`prompts.${state}` as "prompts.now")}</span> <At at={item.valid_from} />
      {item.valid_until !== null && (
        <>
          {" – "}
          <At at={item.valid_until} />
        </>
      )}
    </span>
  );
}

function Switches({ items, pending }: { items: PromptSwitch[]; pending: boolean }) {
  const words = useWords();
  const { t } = words;
  const name = useAgentName();
  const line = useLineLabel();
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const back = async (item: PromptSwitch): Promise<void> => {
    try {
      await api.switchPrompt({ line: item.line, name: item.name, plays: null });
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
    await queries.invalidateQueries({ queryKey: keys.prompts });
  };
  if (items.length === 0 && !pending) return null;
  return (
    <Table<PromptSwitch>
      size="small"
      rowKey={(item) => `${item.line} ${item.name}`}
      loading={pending}
      dataSource={items}
      pagination={false}
      onRow={() => ({ "data-testid": "prompt-switch" }) as object}
      columns={[
        { key: "line", title: t("floor.line"), width: 150, ellipsis: true, render: (_, item) => line(item.line) },
        { key: "name", title: t("prompts.insteadOf"), width: 160, render: (_, item) => <code>{item.name}</code> },
        { key: "plays", title: t("prompts.plays"), width: 160, render: (_, item) => (item.plays ? <code>{item.plays}</code> : t("prompts.nothing")) },
        {
          key: "until",
          title: t("prompts.until"),
          width: 170,
          render: (_, item) =>
            item.until === null ? t("prompts.untilBack") : Date.parse(item.until) <= Date.now() ? <span className="dim">{t("prompts.over")}</span> : <At at={item.until} />,
        },
        { key: "reason", title: t("prompts.reason"), ellipsis: true, render: (_, item) => item.reason },
        { key: "by", title: t("prompts.by"), width: 110, ellipsis: true, render: (_, item) => name(item.by) },
        {
          key: "do",
          title: <span className="sr">{t("prompts.back")}</span>,
          width: 120,
          align: "end",
          render: (_, item) => (
            <Button size="small" data-testid="prompt-back" onClick={() => void back(item)}>
              {t("prompts.back")}
            </Button>
          ),
        },
      ]}
    />
  );
}
