/** Choices many forms have: a line or all of them, a channel or all of them. */
import { Select } from "antd";
import { CHANNELS } from "../channels";
import { usePolicy } from "../desk";
import { useWords } from "../i18n";

interface Props {
  value: string | null;
  disabled?: boolean;
  onChange(value: string | null): void;
}

export function LineSelect(props: Props) {
  const { t } = useWords();
  const policy = usePolicy();
  return <Select {...props} aria-label={t("surveys.by.line")} options={[{ value: null, label: t("surveys.everyLine") }, ...policy.lines.map((one) => ({ value: one.code, label: one.label }))]} />;
}

export function ChannelSelect({ among = CHANNELS, ...props }: Props & { among?: readonly string[] }) {
  const { t, word } = useWords();
  return <Select {...props} aria-label={t("surveys.by.channel")} options={[{ value: null, label: t("surveys.everyChannel") }, ...among.map((value) => ({ value, label: word("channel", value) }))]} />;
}
