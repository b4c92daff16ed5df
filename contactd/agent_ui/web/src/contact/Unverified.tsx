/** The warning over a contact whose sender refers to a conversation without taking part in it. */
import { WarningOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useState } from "react";
import { RecordDrawer } from "../customer/RecordDrawer";
import { useWords } from "../i18n";
import type { InteractionView, TimelineItem } from "../wire";

export function UnverifiedBanner({ interaction }: { interaction: InteractionView }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  if (!interaction.unverified) return null;
  return (
    <div className="unverified" role="alert" data-testid="unverified">
      <WarningOutlined />
      <span className="grow">{t("contact.unverifiedHint", { from: interaction.from_display || t("work.noName") })}</span>
      {interaction.parent_id !== null && (
        <>
          <Button size="small" data-testid="unverified-parent" onClick={() => setOpen(true)}>
            {t("contact.unverifiedParent")}
          </Button>
          <RecordDrawer item={open ? earlier(interaction, interaction.parent_id) : null} onClose={() => setOpen(false)} />
        </>
      )}
    </div>
  );
}

export function UnverifiedTag() {
  const { t } = useWords();
  return (
    <span className="tag bad" data-testid="unverified-tag">
      <WarningOutlined /> {t("contact.unverified")}
    </span>
  );
}

/** The contact referred to, as the drawer takes it. */
function earlier(interaction: InteractionView, id: string): TimelineItem {
  return {
    id,
    at: interaction.queued_at ?? "",
    class: "conversation",
    channel: interaction.channel,
    direction: null,
    ref: id,
    title: interaction.subject,
    snippet: null,
    actor: null,
    line: interaction.line,
    state: null,
    outcome: null,
    duration_s: null,
  };
}
