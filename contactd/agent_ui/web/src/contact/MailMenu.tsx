/** What else can be done with a mail: passed on, its original saved, its header lines looked at. */
import { MoreOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Dropdown, Modal } from "antd";
import { useState } from "react";
import { api } from "../api";
import { editDraft } from "../drafts";
import { useWords } from "../i18n";
import { Lines, LoadFailed } from "../shell/bits";
import type { InteractionView } from "../wire";
import { JoinDialog, useParting } from "./parting";

interface Props {
  message: string;
  interaction: InteractionView;
  /** One has the contact in hand, so that it can be parted and joined. */
  mine: boolean;
  /** There is other mail of the customer's in it. */
  apart: boolean;
}

export function MailMenu({ message, interaction, mine, apart }: Props) {
  const { t } = useWords();
  const [headers, setHeaders] = useState(false);
  const [joining, setJoining] = useState(false);
  const { split } = useParting(interaction);
  const forward = (): void => editDraft(`reply.${interaction.id}`, { forward: message, to: [], cc: [], bcc: [], dirty: true });
  const items = [
    ...(mine ? [{ key: "forward", label: <span data-testid="mail-forward">{t("mail.forward")}</span>, onClick: forward }] : []),
    {
      key: "source",
      label: (
        <a href={api.sourceUrl(message)} download data-testid="mail-source">
          {t("mail.source")}
        </a>
      ),
    },
    { key: "headers", label: <span data-testid="mail-headers">{t("mail.headers")}</span>, onClick: () => setHeaders(true) },
    ...(mine && apart
      ? [{ key: "split", label: <span data-testid="mail-split">{t("parting.splitDo")}</span>, onClick: () => void split([message]) }]
      : []),
    ...(mine ? [{ key: "join", label: <span data-testid="mail-join">{t("parting.joinDo")}</span>, onClick: () => setJoining(true) }] : []),
  ];
  return (
    <>
      <Dropdown menu={{ items }} trigger={["click"]} placement="bottomRight">
        <Button type="text" size="small" icon={<MoreOutlined />} aria-label={t("mail.more")} data-testid="mail-more" />
      </Dropdown>
      <JoinDialog interaction={interaction} open={joining} onClose={() => setJoining(false)} />
      <Modal open={headers} title={t("mail.headers")} footer={null} width={860} onCancel={() => setHeaders(false)} destroyOnHidden>
        <HeaderLines message={message} />
      </Modal>
    </>
  );
}

function HeaderLines({ message }: { message: string }) {
  const lines = useQuery({ queryKey: ["headers", message], queryFn: ({ signal }) => api.headers(message, signal) });
  if (lines.isPending) return <Lines n={8} />;
  if (lines.isError) return <LoadFailed again={() => void lines.refetch()} />;
  return (
    <dl className="head-lines" data-testid="header-lines">
      {lines.data.items.map(([name, value], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines never change, and may repeat
        <div key={at}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
