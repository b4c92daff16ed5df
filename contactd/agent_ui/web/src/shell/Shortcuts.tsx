/** What `?` shows. */
import { Modal } from "antd";
import { type Key, useWords } from "../i18n";
import { Kbd } from "./bits";

const KEYS: [string[], Key][] = [
  [["A"], "shortcuts.accept"],
  [["S"], "shortcuts.ready"],
  [["J"], "shortcuts.next"],
  [["K"], "shortcuts.previous"],
  [["R"], "shortcuts.reply"],
  [["N"], "shortcuts.note"],
  [["W"], "shortcuts.wrapup"],
  [["E"], "shortcuts.noReply"],
  [["D"], "shortcuts.duplicate"],
  [["!"], "shortcuts.junk"],
  [["Ctrl", "Enter"], "shortcuts.send"],
  [["←", "→"], "shortcuts.pages"],
  [["C"], "shortcuts.newCase"],
  [["1", "9"], "shortcuts.attachCase"],
  [["/"], "shortcuts.search"],
  [["?"], "shortcuts.help"],
];

export function Shortcuts({ open, onClose }: { open: boolean; onClose(): void }) {
  const { t } = useWords();
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t("shortcuts.title")} width={420} destroyOnHidden>
      <dl className="shortcuts" data-testid="shortcuts">
        {KEYS.map(([keys, label]) => (
          <div key={label}>
            <dt>{t(label)}</dt>
            <dd>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
