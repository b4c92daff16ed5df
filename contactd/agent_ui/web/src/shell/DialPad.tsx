/** Call a number that stands nowhere: typed, pasted, or pressed key by key. */
import { PhoneOutlined } from "@ant-design/icons";
import { Button, Input, Popover, Select } from "antd";
import { useState } from "react";
import { type Purpose, useDial } from "../contact/dial";
import { useWords } from "../i18n";

export function DialPad() {
  const { t, word } = useWords();
  const { dial, dialling } = useDial();
  const [open, setOpen] = useState(false);
  const [number, setNumber] = useState("");
  const [purpose, setPurpose] = useState<Purpose>("service");
  const call = async (): Promise<void> => {
    if (!number.trim() || !(await dial({ to: number.trim() }, null, purpose))) return;
    setNumber("");
    setOpen(false);
  };
  const pad = (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        void call();
      }}
    >
      <Input
        autoFocus
        inputMode="tel"
        className="num"
        style={{ width: 200 }}
        value={number}
        placeholder={t("call.dialPad")}
        data-testid="dial-number"
        onChange={(event) => setNumber(event.target.value)}
      />
      <Select
        value={purpose}
        aria-label={t("call.purpose")}
        style={{ width: 110 }}
        options={(["service", "marketing"] as const).map((value) => ({ value, label: word("call.purposes", value) }))}
        onChange={setPurpose}
      />
      <Button type="primary" htmlType="submit" icon={<PhoneOutlined />} loading={dialling} data-testid="dial-submit">
        {t("call.dial")}
      </Button>
    </form>
  );
  return (
    <Popover trigger="click" placement="bottomRight" open={open} onOpenChange={setOpen} content={pad} destroyOnHidden>
      <Button type="text" icon={<PhoneOutlined />} title={t("call.dialPad")} aria-label={t("call.dialPad")} data-testid="dial-open" />
    </Popover>
  );
}
