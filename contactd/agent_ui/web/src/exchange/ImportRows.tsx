/** The rows of an import and what became of each. */
import { useQuery } from "@tanstack/react-query";
import { Button, Drawer, Segmented, Table } from "antd";
import { useState } from "react";
import { useWords } from "../i18n";
import { go, type Screen } from "../route";
import { files, type ImportJob, type ImportRow } from "./files";
import { Reasons } from "./Reasons";

/** Where what a row became can be looked at. */
const WHERE: Record<string, Screen> = { cases: "cases" };
const STATUSES = ["", "error", "ambiguous", "created", "updated", "unchanged", "skipped"];

export function ImportRows({ job, onClose }: { job: ImportJob; onClose(): void }) {
  const { t, word } = useWords();
  const [status, setStatus] = useState("");
  const found = useQuery({ queryKey: ["imports", job.id, status], queryFn: ({ signal }) => files.rows(job.id, status, signal) });
  return (
    <Drawer open size={760} title={job.file_name} onClose={onClose}>
      <Segmented
        value={status}
        options={STATUSES.map((one) => ({ value: one, label: one === "" ? t("exchange.all") : word("exchange.status", one) }))}
        onChange={(one) => setStatus(String(one))}
      />
      <Table<ImportRow>
        size="small"
        rowKey="row"
        loading={found.isPending}
        dataSource={found.data?.items ?? []}
        pagination={false}
        scroll={{ y: "70vh" }}
        columns={[
          { key: "row", title: t("exchange.row"), width: 70, align: "end", render: (_, one) => <span className="num">{one.row}</span> },
          { key: "status", title: t("exchange.state"), width: 90, render: (_, one) => word("exchange.status", one.status) },
          { key: "why", title: t("exchange.why"), render: (_, one) => <Reasons reasons={one.reasons} /> },
          {
            key: "undone",
            title: t("exchange.undo"),
            width: 150,
            render: (_, one) => one.undone && `${word("exchange.status", one.undone)} ${one.kept.map((kept) => word("exchange.kept", kept, kept)).join(" ")}`,
          },
          {
            key: "go",
            title: <span className="sr">{t("exchange.customer")}</span>,
            width: 80,
            render: (_, one) => {
              const to = one.party_id ?? (one.undone === "reversed" ? null : one.object_id);
              const where = one.party_id !== null ? "customer" : WHERE[job.options.object ?? ""];
              if (to === null || where === undefined) return null;
              return (
                <Button size="small" type="link" onClick={() => go(where, to)}>
                  {t(one.party_id !== null ? "exchange.customer" : "exchange.look")}
                </Button>
              );
            },
          },
        ]}
      />
    </Drawer>
  );
}
