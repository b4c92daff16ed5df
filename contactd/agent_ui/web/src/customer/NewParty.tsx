/** Register someone new, with the address they came from. */
import { App as AntApp, Button, Input, Segmented } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import type { CommandError } from "../socket";
import type { PartyView, PointView } from "../wire";

interface Props {
  point: PointView | null;
  suggested: string | null;
  onCreated(party: PartyView): void;
  onCancel(): void;
}

const ADDRESSES = ["phone", "fax", "email"];

export function NewParty({ point, suggested, onCreated, onCancel }: Props) {
  const words = useWords();
  const { t } = words;
  const { message } = AntApp.useApp();
  const [name, setName] = useState(suggested ?? "");
  const [kind, setKind] = useState("person");
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    if (name.trim() === "") return;
    setBusy(true);
    try {
      // A visitor's mark is no address; confirming the customer ties it to them.
      // Nor is a number one sees masked: confirming the customer ties it to them, too.
      const whole = !(point?.value ?? point?.display ?? "").includes("****");
      const points = point && whole && ADDRESSES.includes(point.kind) ? [{ kind: point.kind, value: point.value ?? point.display }] : [];
      const party = await api.createParty({ name: name.trim(), kind, points });
      if (party) onCreated(party);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="new-party"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Input
        autoFocus
        value={name}
        placeholder={t("customer.name")}
        data-testid="new-party-name"
        onChange={(event) => setName(event.target.value)}
      />
      <Segmented
        block
        value={kind}
        options={[
          { value: "person", label: t("customer.kinds.person") },
          { value: "org", label: t("customer.kinds.org") },
        ]}
        onChange={(value) => setKind(String(value))}
      />
      {point && <span className="dim num">{point.display}</span>}
      <div className="row">
        <Button type="primary" htmlType="submit" loading={busy} disabled={name.trim() === ""} data-testid="new-party-save">
          {t("common.save")}
        </Button>
        <Button onClick={onCancel}>{t("common.cancel")}</Button>
      </div>
    </form>
  );
}
