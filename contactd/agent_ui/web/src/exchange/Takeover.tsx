/** One file on its way in: how it is read, what each column is, what a trial says, and then the import itself. */
import { ArrowLeftOutlined, DownloadOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App as AntApp, Button, Input, Select, Spin, Steps, Table } from "antd";
import { useEffect, useState } from "react";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { Lines, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { Counts } from "./Counts";
import { AT_WORK, files, type ImportFile, type Preview, type Wish } from "./files";
import { Reasons } from "./Reasons";
import { Columns } from "./Columns";
import { Letters } from "./Letters";

const CUSTOMERS = "customers";
const RECORDINGS = "recordings";
const MAILS = "mails";
const OBJECTS = [CUSTOMERS, "contacts", "cases", "records", RECORDINGS, "articles", MAILS];
/** What a file is taken for by its name, before anybody says. */
const USUAL: [RegExp, string][] = [
  [/\.(mbox|mbx|eml)$/i, MAILS],
  [/mail.*\.zip$/i, MAILS],
  [/\.zip$/i, RECORDINGS],
];

export function Takeover({ id }: { id: string }) {
  const { t } = useWords();
  const file = useQuery({
    queryKey: ["import-file", id],
    queryFn: ({ signal }) => files.file(id, signal),
    refetchInterval: (query) => (AT_WORK.includes(query.state.data?.state ?? "") ? 500 : false),
  });
  if (file.isPending) return <Lines n={8} />;
  if (file.isError) return <LoadFailed again={() => void file.refetch()} />;
  const found = file.data;
  const tried = Object.keys(found.counts).length > 0;
  const step = found.state === "done" || found.state === "running" ? 2 : tried || found.state === "trying" ? 1 : 0;
  return (
    <div className="quarantine exchange" data-testid="takeover" data-state={found.state}>
      <header className="row">
        <Button type="text" icon={<ArrowLeftOutlined />} aria-label={t("exchange.back")} onClick={() => go("imports")} />
        <h1 className="grow cut">{found.name}</h1>
      </header>
      <Steps
        size="small"
        current={step}
        status={found.state === "failed" ? "error" : "process"}
        items={[{ title: t("exchange.steps.columns") }, { title: t("exchange.steps.trial") }, { title: t("exchange.steps.run") }]}
      />
      {found.state === "done" || found.state === "running" ? <Running file={found} /> : <Preparing file={found} tried={tried} />}
    </div>
  );
}

function Running({ file }: { file: ImportFile }) {
  const { t } = useWords();
  return (
    <section className="exchange-end">
      {file.state === "running" ? (
        <p className="row">
          <Spin size="small" /> {t("exchange.running", { n: file.progress })}
        </p>
      ) : (
        <Alert type="success" showIcon title={t("exchange.done")} />
      )}
      <Counts counts={file.counts} />
      {file.state === "done" && file.import !== null && (
        <div className="row">
          <Button icon={<DownloadOutlined />} href={files.resultUrl(file.import, false)} download data-testid="takeover-result">
            {t("exchange.result")}
          </Button>
          {((file.counts.error ?? 0) > 0 || (file.counts.ambiguous ?? 0) > 0) && (
            <Button icon={<DownloadOutlined />} href={files.resultUrl(file.import, true)} download>
              {t("exchange.resultLeftOut")}
            </Button>
          )}
          <Button type="primary" onClick={() => go("imports")}>
            {t("exchange.back")}
          </Button>
        </div>
      )}
    </section>
  );
}

function Preparing({ file, tried }: { file: ImportFile; tried: boolean }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [encoding, setEncoding] = useState("");
  const [object, setObject] = useState(() => USUAL.find(([ending]) => ending.test(file.name))?.[1] ?? CUSTOMERS);
  const preview = useQuery({
    queryKey: ["import-preview", file.id, encoding, object],
    queryFn: ({ signal }) => files.preview(file.id, encoding, object, signal),
    retry: false,
    placeholderData: (before) => before,
  });
  const [wish, setWish] = useState<Wish | null>(null);
  useEffect(() => {
    if (preview.data) setWish((now) => first(preview.data, now));
  }, [preview.data]);
  const unreadable = preview.error as CommandError | null;
  const begin = async (what: "trial" | "run"): Promise<void> => {
    if (wish === null) return;
    try {
      await files.begin(file.id, what, { ...wish, encoding, object });
      await queries.invalidateQueries({ queryKey: ["import-file", file.id] });
    } catch (error) {
      const known = error as CommandError;
      message.error(word("exchange.error", known.code, errorText(words, known)), 8);
    }
  };
  const busy = file.state === "trying";
  if (preview.isPending) return <Lines n={8} />;
  return (
    <>
      {file.error !== null && <Alert type="error" showIcon title={word("exchange.error", file.error.split(":")[0], file.error)} />}
      {unreadable !== null && <Alert type="error" showIcon title={word("exchange.error", unreadable.code, errorText(words, unreadable))} />}
      <div className="exchange-options">
        {object !== MAILS && <label>
          <span>{t("exchange.encoding")}</span>
          <Select
            aria-label={t("exchange.encoding")}
            value={encoding}
            options={["", ...(preview.data?.encodings ?? [])].map((one) => ({
              value: one,
              label: one === "" ? t("exchange.found", { encoding: (preview.data?.encoding || preview.data?.format) ?? "" }) : one.toUpperCase(),
            }))}
            onChange={setEncoding}
          />
        </label>}
        <label>
          <span>{t("exchange.object")}</span>
          <Select
            aria-label={t("exchange.object")}
            value={object}
            data-testid="import-object"
            options={(preview.data?.objects ?? OBJECTS).map((one) => ({ value: one, label: word("exchange.objects", one) }))}
            onChange={(one) => {
              setObject(one);
              setWish(null);
            }}
          />
        </label>
        {wish !== null && preview.data && object === CUSTOMERS && (
          <>
            <label>
              <span>{t("exchange.match")}</span>
              <Select
                mode="multiple"
                aria-label={t("exchange.match")}
                value={wish.match}
                options={preview.data.matches.map((one) => ({ value: one, label: word("exchange.matches", one) }))}
                onChange={(match) => setWish({ ...wish, match })}
              />
            </label>
            <label>
              <span>{t("exchange.policy")}</span>
              <Select
                aria-label={t("exchange.policy")}
                value={wish.policy}
                options={preview.data.policies.map((one) => ({ value: one, label: word("exchange.policies", one) }))}
                onChange={(policy) => setWish({ ...wish, policy })}
              />
            </label>
          </>
        )}
        {wish !== null && object === MAILS && (
          <label>
            <span>{t("exchange.own")}</span>
            <Select mode="tags" open={false} suffixIcon={null} value={wish.own} data-testid="import-own" placeholder={t("exchange.ownHint")} onChange={(own) => setWish({ ...wish, own })} />
          </label>
        )}
        {wish !== null && object !== MAILS && (
          <label>
            <span>{t("exchange.system")}</span>
            <Input value={wish.system} maxLength={40} onChange={(event) => setWish({ ...wish, system: event.target.value })} />
          </label>
        )}
        {wish !== null && preview.data?.beside === true && preview.data.folder && (
          <label>
            <span>{t("exchange.files")}</span>
            <Input value={wish.files} maxLength={200} data-testid="import-files" placeholder={t("exchange.filesHint")} onChange={(event) => setWish({ ...wish, files: event.target.value })} />
          </label>
        )}
      </div>
      {preview.data?.beside === true && <p className="dim">{t(preview.data.folder ? "exchange.besideFolder" : "exchange.beside")}</p>}
      {object !== CUSTOMERS && <p className="dim">{t(object === "articles" ? "exchange.articlesHint" : object === MAILS ? "exchange.mailsHint" : "exchange.pastHint")}</p>}
      {preview.data && wish !== null && object === MAILS && <Letters preview={preview.data} />}
      {preview.data && wish !== null && object !== MAILS && <Columns preview={preview.data} mapping={wish.mapping} onChange={(mapping) => setWish({ ...wish, mapping })} />}
      {tried && <Trial file={file} />}
      <div className="row exchange-go">
        {busy && <span className="dim">{t("exchange.trying", { n: file.progress })}</span>}
        <Button loading={busy} disabled={wish === null || unreadable !== null} data-testid="import-try" onClick={() => void begin("trial")}>
          {t("exchange.try")}
        </Button>
        <Button type="primary" disabled={busy || !tried || unreadable !== null} data-testid="import-run" onClick={() => void begin("run")}>
          {t("exchange.run")}
        </Button>
      </div>
    </>
  );
}

function Trial({ file }: { file: ImportFile }) {
  const { t, word } = useWords();
  return (
    <section data-testid="import-trial">
      <h2>{t("exchange.trialSays")}</h2>
      <Counts counts={file.counts} />
      {file.faults.length > 0 && (
        <Table
          size="small"
          rowKey="row"
          dataSource={file.faults}
          pagination={false}
          scroll={{ y: 260 }}
          columns={[
            { key: "row", title: t("exchange.row"), width: 70, align: "end", render: (_, one) => <span className="num">{one.row}</span> },
            { key: "status", title: t("exchange.state"), width: 100, render: (_, one) => word("exchange.status", one.status) },
            { key: "why", title: t("exchange.why"), render: (_, one) => <Reasons reasons={one.reasons} /> },
          ]}
        />
      )}
    </section>
  );
}

/** What is wished at first: the columns as the server placed them; what was chosen already stays. */
function first(preview: Preview, now: Wish | null): Wish {
  if (now !== null) {
    const kept = Object.entries(now.mapping).filter(([header]) => preview.headers.includes(header));
    return { ...now, mapping: { ...preview.mapping, ...Object.fromEntries(kept) } };
  }
  return { encoding: "", mapping: preview.mapping, match: preview.matches.filter((one) => one !== "name"), policy: "fill", system: "import", object: CUSTOMERS, files: "", own: [] };
}
