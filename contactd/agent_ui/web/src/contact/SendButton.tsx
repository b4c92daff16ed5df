/** Sends, or lets a letter leave at a later moment. */
import { ClockCircleOutlined, DownOutlined, SendOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Dropdown, type MenuProps, Space } from "antd";
import dayjs from "dayjs";
import { useRef } from "react";
import { useWords } from "../i18n";
import { serverNow } from "../ticker";

interface Props {
  busy: boolean;
  disabled: boolean;
  later: boolean;
  onSend(at: string | null): void;
}

export function SendButton({ busy, disabled, later, onSend }: Props) {
  const { t } = useWords();
  const { modal } = AntApp.useApp();
  const moment = useRef("");
  const send = (
    <Button type="primary" icon={<SendOutlined />} loading={busy} disabled={disabled} data-testid="composer-send" onClick={() => onSend(null)}>
      {t("mail.send")}
    </Button>
  );
  if (!later) return send;
  const now = dayjs(serverNow());
  const nine = (day: dayjs.Dayjs): dayjs.Dayjs => day.hour(9).minute(0).second(0).millisecond(0);
  const at = (when: dayjs.Dayjs): void => onSend(when.toISOString());
  const ask = async (): Promise<void> => {
    const first = nine(now.add(1, "day")).format("YYYY-MM-DDTHH:mm");
    moment.current = first;
    const sure = await modal.confirm({
      title: t("mail.sendAt"),
      content: (
        <input
          type="datetime-local"
          className="moment-input"
          defaultValue={first}
          min={now.format("YYYY-MM-DDTHH:mm")}
          data-testid="send-moment"
          onChange={(event) => {
            moment.current = event.target.value;
          }}
        />
      ),
      okText: t("mail.schedule"),
      cancelText: t("common.cancel"),
    });
    if (sure && moment.current !== "") at(dayjs(moment.current));
  };
  const items: MenuProps["items"] = [
    { key: "hour", label: <span data-testid="send-hour">{t("contact.parkFor.hour")}</span>, onClick: () => at(now.add(1, "hour")) },
    { key: "tomorrow", label: <span data-testid="send-tomorrow">{t("contact.parkFor.tomorrow")}</span>, onClick: () => at(nine(now.add(1, "day"))) },
    { key: "monday", label: t("contact.parkFor.monday"), onClick: () => at(nine(now.add(((8 - now.day()) % 7) || 7, "day"))) },
    { type: "divider" },
    { key: "other", icon: <ClockCircleOutlined />, label: t("mail.otherMoment"), onClick: () => void ask() },
  ];
  return (
    <Space.Compact>
      {send}
      <Dropdown menu={{ items }} trigger={["click"]} placement="topRight" disabled={disabled || busy}>
        <Button type="primary" icon={<DownOutlined style={{ fontSize: 9 }} />} aria-label={t("mail.sendLater")} data-testid="send-later" />
      </Dropdown>
    </Space.Compact>
  );
}
