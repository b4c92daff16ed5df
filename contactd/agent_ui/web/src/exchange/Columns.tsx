/** A file's first rows, with what each column is taken for above it. */
import { Select } from "antd";
import { useWords } from "../i18n";
import type { Preview } from "./files";

interface Props {
  preview: Preview;
  mapping: Record<string, string>;
  onChange(mapping: Record<string, string>): void;
}

const LEFT_OUT = "-";

export function Columns({ preview, mapping, onChange }: Props) {
  const { t, word, language } = useWords();
  const added = Object.entries(preview.own).map(([value, labels]) => ({ value, label: labels[language] ?? Object.values(labels)[0] ?? value }));
  const ofCustomers = preview.fields.includes("lifecycle");
  const usual = [...preview.fields, ...(ofCustomers ? ["custom.birthday", "custom.note"] : [])].filter((one) => !(one in preview.own));
  const names = ofCustomers ? "exchange.field" : "exchange.past";
  const fields = [...usual.map((one) => ({ value: one, label: word(names, one.replace("custom.", ""), one) })), ...added];
  const own = (header: string): { value: string; label: string }[] => {
    const there = mapping[header] ?? "";
    const known = fields.some((one) => one.value === there);
    return there.startsWith("custom.") && !known ? [{ value: there, label: there.replace("custom.", "") }] : [];
  };
  return (
    <div className="exchange-sheet" data-testid="import-columns">
      <table>
        <thead>
          <tr>
            {preview.headers.map((header, n) => (
              <th key={`${n}:${header}`} scope="col">
                <span className="cut">{header}</span>
                <Select
                  size="small"
                  showSearch={{ optionFilterProp: "label" }}
                  className={mapping[header] === undefined ? "unplaced" : ""}
                  aria-label={header}
                  value={mapping[header] ?? LEFT_OUT}
                  options={[{ value: LEFT_OUT, label: t("exchange.leftOut") }, ...own(header), ...fields]}
                  onChange={(field) => onChange({ ...mapping, [header]: field })}
                />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, n) => (
            <tr key={n}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
