/** Assessing a contact that was not drawn: by the only scorecard that fits its channel, or one of several. */
import { SafetyCertificateOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App as AntApp, Button, Dropdown, Tooltip } from "antd";
import { errorText, useConsole, useMay } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import type { CommandError } from "../socket";
import type { InteractionView } from "../wire";
import { quality } from "./quality";

export function AssessThis({ interaction }: { interaction: InteractionView }) {
  const words = useWords();
  const { t } = words;
  const { message } = AntApp.useApp();
  const me = useConsole((state) => state.me.agent);
  const judges = useMay("quality.assess") && interaction.agent !== null && interaction.agent !== me && interaction.state === "closed";
  const found = useQuery({ queryKey: ["scorecards"], queryFn: ({ signal }) => quality.scorecards(signal), enabled: judges });
  const cards = (found.data?.items ?? []).filter((one) => one.active && (one.channel === null || one.channel === interaction.channel));
  const [first] = cards;
  if (!judges || first === undefined) return null;
  const assess = async (card: string): Promise<void> => {
    try {
      const there = await quality.reviews({ interaction: interaction.id, cursor: null });
      const known = there.items.find((one) => one.calibrates === null) ?? (await quality.ask(interaction.id, card));
      if (known) go("quality", known.id);
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  const button = (
    <Tooltip title={t("quality.pickedWhat")}>
      <Button size="small" icon={<SafetyCertificateOutlined />} data-testid="assess-this" onClick={cards.length === 1 ? () => void assess(first.id) : undefined}>
        {t("quality.assessThis")}
      </Button>
    </Tooltip>
  );
  if (cards.length === 1) return button;
  return (
    <Dropdown menu={{ items: cards.map((one) => ({ key: one.id, label: one.name, onClick: () => void assess(one.id) })) }} trigger={["click"]}>
      {button}
    </Dropdown>
  );
}
