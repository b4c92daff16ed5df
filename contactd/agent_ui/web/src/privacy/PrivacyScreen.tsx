/** Requests of customers to be erased, decided by somebody else than who asked; and the legal holds that stand. */
import { SafetyOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Popconfirm, Table } from "antd";
import { errorText, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, Hollow, LoadFailed } from "../shell/bits";
import type { CommandError } from "../socket";
import { Kept } from "./Kept";
import { type LegalHold, type PrivacyRequest, rights } from "./rights";
import "../quarantine/quarantine.css";
import "./privacy.css";

const POLL_MS = 2000;

export default function PrivacyScreen() {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const admin = useMay("privacy.decide");
  const found = useQuery({
    queryKey: ["privacy", "requests"],
    queryFn: ({ signal }) => rights.requests(signal),
    refetchInterval: (query) => (query.state.data?.items.some((one) => one.state === "running") ? POLL_MS : false),
  });
  const holds = useQuery({ queryKey: ["privacy", "holds"], queryFn: ({ signal }) => rights.holds(signal) });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const act = async (doing: () => Promise<unknown>): Promise<void> => {
    try {
      await doing();
    } catch (error) {
      const known = error as CommandError;
      message.error(word("privacy.error", known.code, errorText(words, known)), 6);
    }
    await queries.invalidateQueries({ queryKey: ["privacy"] });
  };
  const name = (party: string, shown: string) => (
    <Button type="link" size="small" onClick={() => go("customer", party)}>
      {shown}
    </Button>
  );
  return (
    <div className="quarantine" data-testid="privacy">
      <header>
        <h1>{t("privacy.title")}</h1>
        <p className="dim">{t("privacy.intro")}</p>
      </header>
      <Table<PrivacyRequest>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        onRow={(one) => ({ "data-testid": "privacy-row", "data-state": one.state }) as object}
        locale={{ emptyText: found.isPending ? " " : <Hollow glyph={<SafetyOutlined />} title={t("privacy.none")} hint={t("privacy.noneHint")} /> }}
        columns={[
          { key: "at", title: t("privacy.askedAt"), width: 110, render: (_, one) => <At at={one.asked_at} /> },
          { key: "who", title: t("privacy.customer"), width: 180, ellipsis: true, render: (_, one) => name(one.party_id, one.name) },
          { key: "reason", title: t("privacy.reason"), ellipsis: true, render: (_, one) => one.reason },
          { key: "how", title: t("privacy.how"), ellipsis: true, render: (_, one) => one.verified_how },
          { key: "state", title: t("privacy.state"), width: 100, render: (_, one) => word("privacy.requestStates", one.state) },
          {
            key: "do",
            title: t("privacy.certificate"),
            width: 300,
            align: "end",
            render: (_, one) =>
              one.certificate !== null ? (
                <span className="dim num" title={one.certificate.sha256}>
                  {t("privacy.gone", { contacts: one.certificate.erased.contacts ?? 0, files: one.certificate.erased.files ?? 0 })} {one.certificate.sha256.slice(0, 12)}
                </span>
              ) : one.state === "asked" && admin ? (
                <span className="row" style={{ justifyContent: "flex-end" }}>
                  <Popconfirm
                    title={t("privacy.approveSure")}
                    okText={t("privacy.approve")}
                    okButtonProps={{ danger: true, "data-testid": "privacy-approve-sure" } as never}
                    cancelText={t("common.cancel")}
                    placement="left"
                    onConfirm={() => void act(() => rights.decide(one.id, "approve", ""))}
                  >
                    <Button size="small" danger data-testid="privacy-approve">
                      {t("privacy.approve")}
                    </Button>
                  </Popconfirm>
                  <Button size="small" onClick={() => void act(() => rights.decide(one.id, "refuse", ""))}>
                    {t("privacy.refuse")}
                  </Button>
                </span>
              ) : null,
          },
        ]}
      />
      <h2>{t("privacy.holds")}</h2>
      <Table<LegalHold>
        size="small"
        rowKey="id"
        dataSource={holds.data?.items ?? []}
        pagination={false}
        locale={{ emptyText: t("privacy.noHolds") }}
        columns={[
          { key: "at", title: t("privacy.since"), width: 110, render: (_, one) => <At at={one.at} /> },
          { key: "who", title: t("privacy.customer"), width: 180, render: (_, one) => name(one.party_id, one.name) },
          { key: "reason", title: t("privacy.reason"), render: (_, one) => one.reason },
          {
            key: "do",
            title: <span className="sr">{t("privacy.lift")}</span>,
            width: 120,
            align: "end",
            render: (_, one) =>
              admin && (
                <Button size="small" onClick={() => void act(() => rights.lift(one.id))}>
                  {t("privacy.lift")}
                </Button>
              ),
          },
        ]}
      />
      <Kept />
    </div>
  );
}
