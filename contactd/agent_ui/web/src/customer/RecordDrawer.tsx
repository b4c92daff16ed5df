/** A past contact, read where one stands: its conversation beside its facts. */
import { useQuery } from "@tanstack/react-query";
import { Drawer } from "antd";
import { api, keys } from "../api";
import { subjectOf } from "../channels/subject";
import { BringBack } from "../contact/closeAs";
import { Body } from "../contact/ContactPane";
import { useAgentName, useLineLabel } from "../desk";
import { duration, fullMoment } from "../format";
import { useWords } from "../i18n";
import { Lines, LoadFailed } from "../shell/bits";
import type { InteractionView, TimelineItem } from "../wire";
import { refOf } from "./Timeline";

export function RecordDrawer({ item, onClose }: { item: TimelineItem | null; onClose(): void }) {
  const words = useWords();
  const { word } = words;
  const id = item === null ? null : refOf(item);
  return (
    <Drawer
      open={id !== null}
      onClose={onClose}
      size={640}
      destroyOnHidden
      title={subjectOf(words, item?.channel ?? null, item?.title ?? null) || word("channel", item?.channel)}
      styles={{ body: { padding: 0, display: "flex", flexDirection: "column" } }}
    >
      {id !== null && <Record id={id} />}
    </Drawer>
  );
}

function Record({ id }: { id: string }) {
  const detail = useQuery({ queryKey: keys.interaction(id), queryFn: ({ signal }) => api.interaction(id, signal) });
  if (detail.isPending) return <Lines n={8} />;
  if (detail.isError) return <LoadFailed again={() => void detail.refetch()} />;
  return (
    <div className="record" data-testid="record">
      <Facts interaction={detail.data} />
      <BringBack interaction={detail.data} />
      <div className="record-body">
        <Body interaction={detail.data} mine={false} />
      </div>
    </div>
  );
}

function Facts({ interaction }: { interaction: InteractionView }) {
  const { t, word } = useWords();
  const line = useLineLabel()(interaction.line);
  const name = useAgentName();
  const facts: [string, string | null][] = [
    [t("floor.state"), interaction.outcome ? word("outcome", interaction.outcome) : word("state", interaction.state)],
    [t("floor.line"), line],
    [t("floor.agent"), interaction.agent === null ? null : name(interaction.agent)],
    [t("quarantine.at"), fullMoment(interaction.queued_at)],
    [t("contact.waited"), interaction.wait_s === null ? null : duration(interaction.wait_s, t("common.day"))],
    [t("contact.talk"), interaction.talk_s ? duration(interaction.talk_s, t("common.day")) : null],
  ];
  return (
    <dl className="facts">
      {facts.map(([label, value]) =>
        value ? (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="num">{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}
