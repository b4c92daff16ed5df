/** How long each class is kept, what is due to go, what something holds; let go now by who may, else at night. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Popconfirm, Table } from "antd";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { At } from "../shell/bits";
import type { CommandError } from "../socket";
import { type KeptClass, rights } from "./rights";

const KEY = ["privacy", "retention"];

export function Kept() {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const may = useMay("retention.run");
  const { data } = useQuery({ queryKey: KEY, queryFn: ({ signal }) => rights.retention(signal) });
  const due = (data?.items ?? []).reduce((sum, one) => sum + one.due, 0);
  const run = async (): Promise<void> => {
    try {
      const begun = (await rights.letGo())?.items ?? [];
      message.success(t("privacy.kept.begun", { n: begun.reduce((sum, one) => sum + one.due, 0) }));
    } catch (error) {
      message.error(errorText(words, error as CommandError), 6);
    }
    await queries.invalidateQueries({ queryKey: KEY });
  };
  const name = (one: KeptClass): string => {
    const [kind = "", channel] = one.name.split(".");
    return channel === undefined ? word("privacy.kept.classes", kind) : `${word("privacy.kept.classes", "contacts")}: ${word("channel", channel)}`;
  };
  return (
    <section data-testid="retention">
      <h2 className="row" style={{ justifyContent: "space-between" }}>
        {t("privacy.kept.title")}
        {may && (
          <Popconfirm title={t("privacy.kept.sure", { n: due })} okText={t("privacy.kept.run")} onConfirm={() => void run()} disabled={due === 0}>
            <Button size="small" disabled={due === 0} data-testid="retention-run">
              {t("privacy.kept.run")}
            </Button>
          </Popconfirm>
        )}
      </h2>
      <p className="dim">{t("privacy.kept.intro")}</p>
      <Table<KeptClass>
        size="small"
        rowKey="name"
        dataSource={data?.items ?? []}
        pagination={false}
        locale={{ emptyText: t("privacy.kept.none") }}
        columns={[
          { key: "name", title: t("privacy.kept.what"), render: (_, one) => name(one) },
          { key: "days", title: t("privacy.kept.days"), width: 120, align: "end", render: (_, one) => <span className="num">{one.days}</span> },
          { key: "due", title: t("privacy.kept.due"), width: 120, align: "end", render: (_, one) => <span className="num">{one.due}</span> },
          { key: "held", title: t("privacy.kept.held"), width: 160, align: "end", render: (_, one) => <span className="num">{one.held}</span> },
          { key: "oldest", title: t("privacy.kept.oldest"), width: 140, render: (_, one) => (one.oldest === null ? "–" : <At at={one.oldest} />) },
        ]}
      />
    </section>
  );
}
