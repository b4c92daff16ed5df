/** Customers in and out by file: bring one, see what became of the earlier ones, take one back, take customers out. */
import { DownloadOutlined, InboxOutlined, UndoOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Popconfirm, Progress, Table, Upload } from "antd";
import { useState } from "react";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { Counts } from "./Counts";
import { ExportForm } from "./ExportForm";
import { files, type ImportJob } from "./files";
import { ImportRows } from "./ImportRows";
import { Takeover } from "./Takeover";
import "../quarantine/quarantine.css";
import "./exchange.css";

export default function ImportsScreen({ selected }: { selected: string | null }) {
  return selected === null ? <Imports /> : <Takeover key={selected} id={selected} />;
}

function Imports() {
  const words = useWords();
  const { t, word } = words;
  const exports = useMay("party.export");
  const [rows, setRows] = useState<ImportJob | null>(null);
  const found = useQuery({
    queryKey: ["imports"],
    queryFn: ({ signal }) => files.imports(signal),
    refetchInterval: (query) => (query.state.data?.items.some((job) => job.state.endsWith("ing")) ? 1000 : false),
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  return (
    <div className="quarantine exchange" data-testid="imports">
      <header>
        <h1>{t("exchange.title")}</h1>
        <p className="dim">{t("exchange.intro")}</p>
      </header>
      <div className="exchange-doors">
        <Bring />
        {exports && <ExportForm />}
      </div>
      <h2>{t("exchange.earlier")}</h2>
      <Table<ImportJob>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        onRow={(job) => ({ "data-testid": "import-row", "data-state": job.state }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<InboxOutlined />} title={t("exchange.none")} /> }}
        columns={[
          { key: "at", title: t("exchange.at"), width: 120, render: (_, job) => <At at={job.at} /> },
          { key: "file", title: t("exchange.file"), ellipsis: true, render: (_, job) => job.file_name },
          { key: "state", title: t("exchange.state"), width: 120, render: (_, job) => word("exchange.states", job.state) },
          { key: "counts", title: t("exchange.counts"), render: (_, job) => <Counts counts={job.counts} /> },
          { key: "do", title: <span className="sr">{t("exchange.rows")}</span>, width: 300, align: "end", render: (_, job) => <Acts job={job} onRows={() => setRows(job)} /> },
        ]}
      />
      {rows !== null && <ImportRows job={rows} onClose={() => setRows(null)} />}
    </div>
  );
}

function Bring() {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const [part, setPart] = useState<number | null>(null);
  const bring = async (file: File): Promise<void> => {
    setPart(0);
    try {
      const brought = await files.bring(file, setPart);
      go("imports", brought.id);
    } catch (error) {
      const known = error as CommandError;
      message.error(word("exchange.error", known.code, errorText(words, known)), 8);
      setPart(null);
    }
  };
  return (
    <section className="exchange-door">
      <h2>{t("exchange.bring")}</h2>
      <Upload.Dragger
        accept=".csv,.txt,.xlsx,.vcf,.jsonl,.zip,.mbox,.mbx,.eml"
        showUploadList={false}
        disabled={part !== null}
        beforeUpload={(file) => {
          void bring(file);
          return false;
        }}
      >
        {part === null ? (
          <div className="exchange-drop" data-testid="import-drop">
            <InboxOutlined />
            <span>{t("exchange.drop")}</span>
            <span className="dim">{t("exchange.dropHint")}</span>
          </div>
        ) : (
          <Progress percent={Math.round(part * 100)} />
        )}
      </Upload.Dragger>
    </section>
  );
}

function Acts({ job, onRows }: { job: ImportJob; onRows(): void }) {
  const words = useWords();
  const { t } = words;
  const queries = useQueryClient();
  const { message } = AntApp.useApp();
  const undo = async (): Promise<void> => {
    try {
      await files.undo(job.id);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
    await queries.invalidateQueries({ queryKey: ["imports"] });
  };
  return (
    <span className="row" style={{ justifyContent: "flex-end" }}>
      <Button size="small" onClick={onRows} data-testid="import-rows">
        {t("exchange.rows")}
      </Button>
      <Button size="small" icon={<DownloadOutlined />} href={files.resultUrl(job.id, false)} download data-testid="import-result">
        {t("exchange.result")}
      </Button>
      {(job.state === "done" || job.state === "running") && (
        <Popconfirm title={t("exchange.undoSure")} okText={t("exchange.undo")} cancelText={t("common.cancel")} placement="left" onConfirm={() => void undo()}>
          <Button size="small" danger icon={<UndoOutlined />} data-testid="import-undo">
            {t("exchange.undo")}
          </Button>
        </Popconfirm>
      )}
    </span>
  );
}
