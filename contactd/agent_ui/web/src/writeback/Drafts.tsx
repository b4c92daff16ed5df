/** Drafts for other systems on a customer's card or a case: what is under way, and a new one with one key. */
import { ExportOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useMay } from "../desk";
import { useWords } from "../i18n";
import { keyed } from "../keyboard";
import { DraftCard } from "./DraftCard";
import { drafts, GOING, useTargets } from "./drafts";
import { NewDraft } from "./NewDraft";
import "../commerce/commerce.css";
import "./writeback.css";

interface Props {
  party: string;
  caseId?: string | null;
  interaction?: string | null;
  /** The button has its key here. */
  keyHere?: boolean;
}

export function Drafts(props: Props) {
  const targets = useTargets();
  const reads = useMay("writeback.read");
  return targets.length === 0 || !reads ? null : <Shown {...props} />;
}

function Shown({ party, caseId = null, interaction = null, keyHere = false }: Props) {
  const { t } = useWords();
  const targets = useTargets();
  const writes = useMay("writeback.write");
  const [writing, setWriting] = useState(false);
  const found = useQuery({
    queryKey: ["writebacks", party, caseId],
    queryFn: ({ signal }) => drafts.page(caseId === null ? { party, limit: 5 } : { case: caseId, limit: 20 }, signal),
    refetchInterval: (asked) => (asked.state.data?.items.some((one) => GOING.includes(one.state)) ? 2000 : 30_000),
  });
  const items = (found.data?.items ?? []).filter((one) => one.state !== "dropped");
  return (
    <section className="drafts" aria-label={t("writeback.title")} data-testid="drafts">
      {writes && (
        <Button size="small" icon={<ExportOutlined />} data-testid="draft-new" onClick={() => setWriting(true)} {...(keyHere ? keyed("⇧B") : {})}>
          {t("writeback.new")}
        </Button>
      )}
      {items.map((one) => (
        <DraftCard key={one.id} item={one} />
      ))}
      {writing && <NewDraft party={party} caseId={caseId} interaction={interaction} targets={targets} onClose={() => setWriting(false)} />}
    </section>
  );
}
