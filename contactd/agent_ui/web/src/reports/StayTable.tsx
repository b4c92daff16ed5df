/** Figures in a table; a count leads to the contacts behind it. */
import { Button, Table, Tooltip } from "antd";
import { useAgentName, useLineLabel } from "../desk";
import { duration, percent } from "../format";
import { useWords } from "../i18n";
import type { By, Group } from "./reports";

const COUNTS = ["offered", "answered", "abandoned", "short", "overflowed", "open"] as const;
const PARTS = ["service_level", "answer_rate", "abandon_rate"] as const;
const TIMES = ["asa_s", "longest_s", "aht_s"] as const;

export function StayTable({ by, items, onOpen }: { by: By; items: Group[]; onOpen(number: string, key: string | null): void }) {
  const { t, word } = useWords();
  const name = useGroupName(by);
  const head = (field: string) => <Tooltip title={word("reports.what", field)}>{word("reports.names", field)}</Tooltip>;
  return (
    <Table<Group>
      size="small"
      rowKey={(item) => item.key ?? ""}
      dataSource={items}
      pagination={items.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
      columns={[
        { key: "key", title: word("reports.by", by), ellipsis: true, render: (_, item) => name(item.key) },
        ...COUNTS.map((field) => ({
          key: field,
          title: head(field),
          align: "right" as const,
          width: 106,
          render: (_: unknown, item: Group) =>
            item[field] === 0 ? (
              <span className="num dim">0</span>
            ) : (
              <Button type="link" size="small" className={`num${field === "abandoned" ? " late" : ""}`} onClick={() => onOpen(field, item.key)}>
                {item[field]}
              </Button>
            ),
        })),
        ...PARTS.map((field) => ({
          key: field,
          title: head(field),
          align: "right" as const,
          width: 100,
          render: (_: unknown, item: Group) => <span className="num">{percent(item[field])}</span>,
        })),
        ...TIMES.map((field) => ({
          key: field,
          title: head(field),
          align: "right" as const,
          width: 96,
          render: (_: unknown, item: Group) => <span className="num">{item[field] === null ? "–" : duration(item[field], t("common.day"))}</span>,
        })),
      ]}
    />
  );
}

/** What people call a group of a report. */
export function useGroupName(by: By): (key: string | null) => string {
  const { word } = useWords();
  const line = useLineLabel();
  const agent = useAgentName();
  return (key) => {
    if (key === null) return "–";
    if (by === "line") return line(key);
    if (by === "channel") return word("channel", key);
    if (by === "agent") return agent(key);
    return by === "hour" ? `${key.slice(5, 10)} ${key.slice(11, 16)}` : key;
  };
}
