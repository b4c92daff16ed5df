/** What `?` shows: every key of the daily work, by what one is doing. */
import { Modal } from "antd";
import { type Key, useWords } from "../i18n";
import { Kbd } from "./bits";

type Row = [keys: string[], label: Key];

const GROUPS: [title: Key, rows: Row[]][] = [
  [
    "shortcuts.groups.offers",
    [
      [["A"], "shortcuts.accept"],
      [["X"], "shortcuts.decline"],
      [["S"], "shortcuts.ready"],
      [["J"], "shortcuts.next"],
      [["K"], "shortcuts.previous"],
      [["G"], "shortcuts.longest"],
    ],
  ],
  [
    "shortcuts.groups.contact",
    [
      [["R"], "shortcuts.reply"],
      [["N"], "shortcuts.note"],
      [["W"], "shortcuts.wrapup"],
      [["L"], "shortcuts.texts"],
      [["Ctrl", "Enter"], "shortcuts.send"],
      [["T"], "shortcuts.transfer"],
      [["B"], "shortcuts.callback"],
      [["P"], "shortcuts.park"],
      [["E"], "shortcuts.noReply"],
      [["D"], "shortcuts.duplicate"],
      [["!"], "shortcuts.junk"],
      [["⇧", "Q"], "shortcuts.end"],
    ],
  ],
  [
    "shortcuts.groups.call",
    [
      [["H"], "shortcuts.hold"],
      [["M"], "shortcuts.mute"],
      [["O"], "shortcuts.consult"],
    ],
  ],
  [
    "shortcuts.groups.customer",
    [
      [["⇧", "B"], "writeback.new"],
      [["Y"], "shortcuts.confirm"],
      [["C"], "shortcuts.newCase"],
      [["1", "9"], "shortcuts.attachCase"],
      [["F"], "shortcuts.knowledge"],
      [["Alt", "1"], "shortcuts.insert"],
      [["←", "→"], "shortcuts.pages"],
    ],
  ],
  [
    "shortcuts.groups.everywhere",
    [
      [["/"], "shortcuts.search"],
      [["Ctrl", "K"], "shortcuts.commands"],
      [["Esc"], "shortcuts.leave"],
      [["?"], "shortcuts.help"],
    ],
  ],
];

export function Shortcuts({ open, onClose }: { open: boolean; onClose(): void }) {
  const { t } = useWords();
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t("shortcuts.title")} width={760} style={{ top: 28 }} destroyOnHidden>
      <p className="dim">{t("shortcuts.inFields")}</p>
      <div className="shortcuts" data-testid="shortcuts">
        {GROUPS.map(([title, rows]) => (
          <section key={title}>
            <h3>{t(title)}</h3>
            <dl>
              {rows.map(([keys, label]) => (
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
          </section>
        ))}
      </div>
    </Modal>
  );
}
