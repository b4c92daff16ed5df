/** Who a customer belongs to: a small picture, two steps deep, and the way to add or end a link. */
import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App as AntApp, Button, Input, Select } from "antd";
import { useState } from "react";
import { api } from "../api";
import { errorText } from "../desk";
import { useWords } from "../i18n";
import { go } from "../route";
import { PartyFinder } from "../shell/Search";
import type { CommandError } from "../socket";
import type { LinksView } from "../wire";

const ROLES = ["works_for", "reports_to", "agent_of", "dealer_of", "subsidiary_of", "family", "guardian"];
const WIDTH = 320;
const ROW = 44;
const BOX = { width: 92, height: 26 };

export function Links({ party }: { party: string }) {
  const words = useWords();
  const { t, word } = words;
  const { message } = AntApp.useApp();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [role, setRole] = useState("works_for");
  const [title, setTitle] = useState("");
  const key = ["links", party];
  const found = useQuery({ queryKey: key, queryFn: ({ signal }) => api.links(party, signal) });
  const act = async (doing: Promise<unknown>): Promise<void> => {
    try {
      await doing;
      await queries.invalidateQueries({ queryKey: ["links"] });
      setAdding(false);
      setTitle("");
    } catch (error) {
      message.error(errorText(words, error as CommandError));
    }
  };
  const own = (found.data?.links ?? []).filter((link) => link.from === party || link.to === party);
  const name = (id: string): string => found.data?.nodes.find((node) => node.id === id)?.name ?? "";
  return (
    <section className="links" aria-label={t("links.title")} data-testid="links">
      <h3 className="row">
        <span className="grow">{t("links.title")}</span>
        <Button size="small" type="text" icon={<PlusOutlined />} aria-label={t("links.add")} data-testid="link-add" onClick={() => setAdding(!adding)} />
      </h3>
      {adding && (
        <div className="links-form">
          <div className="row">
            <Select size="small" value={role} aria-label={t("links.title")} style={{ flex: 1 }} options={ROLES.map((value) => ({ value, label: word("links.roles", value) }))} onChange={setRole} />
            <Input size="small" value={title} maxLength={200} placeholder={t("links.position")} style={{ flex: 1 }} onChange={(event) => setTitle(event.target.value)} />
          </div>
          <PartyFinder placeholder={t("links.find")} testId="link-to" autoFocus onPick={(other) => void act(api.addLink(party, { to: other.id, role, title }))} />
        </div>
      )}
      {found.data && found.data.links.length > 0 ? <Chart picture={found.data} /> : !adding && <p className="dim">{t("links.none")}</p>}
      {own.map((link) => (
        <div key={link.id} className="row links-row">
          <span className="grow cut">
            {link.from === party ? (
              <>
                {word("links.roles", link.role)} <strong>{name(link.to)}</strong>
              </>
            ) : (
              <>
                <strong>{name(link.from)}</strong> {word("links.roles", link.role)}
              </>
            )}{" "}
            <span className="dim">{[link.department, link.title].filter(Boolean).join(" · ")}</span>
          </span>
          <Button size="small" type="text" icon={<CloseOutlined />} aria-label={t("links.end")} onClick={() => void act(api.endLink(link.id))} />
        </div>
      ))}
    </section>
  );
}

/** The customer in the middle row, those further away in rows above (whom they belong to) and below (who belongs to them). */
function Chart({ picture }: { picture: LinksView }) {
  const { word, t } = useWords();
  const places = lay(picture);
  const height = Math.max(...[...places.values()].map((place) => place.y)) + ROW;
  return (
    <svg className="links-chart" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={t("links.title")}>
      {picture.links.map((link) => {
        const from = places.get(link.from);
        const to = places.get(link.to);
        if (!from || !to) return null;
        return (
          <line key={link.id} x1={from.x} y1={from.y + BOX.height / 2} x2={to.x} y2={to.y + BOX.height / 2} className="links-line">
            <title>{word("links.roles", link.role)}</title>
          </line>
        );
      })}
      {picture.nodes.map((node) => {
        const place = places.get(node.id);
        if (!place) return null;
        return (
          <g key={node.id} className={`links-node${node.hop === 0 ? " here" : ""}`} tabIndex={0} role="link" aria-label={node.name} onClick={() => go("customer", node.id)} onKeyDown={(event) => event.key === "Enter" && go("customer", node.id)}>
            <rect x={place.x - BOX.width / 2} y={place.y} width={BOX.width} height={BOX.height} rx={node.kind === "org" ? 2 : 13} />
            <text x={place.x} y={place.y + 17} textAnchor="middle">
              {node.name.length > 7 ? `${node.name.slice(0, 6)}…` : node.name}
            </text>
            <title>{node.name}</title>
          </g>
        );
      })}
    </svg>
  );
}

/** Rows by who stands above whom: along a link one step up, against it one step down. */
function lay(picture: LinksView): Map<string, { x: number; y: number }> {
  const level = new Map<string, number>();
  const middle = picture.nodes.find((node) => node.hop === 0);
  if (middle) level.set(middle.id, 0);
  for (let round = 0; round < picture.nodes.length; round++) {
    for (const link of picture.links) {
      const from = level.get(link.from);
      const to = level.get(link.to);
      if (from !== undefined && to === undefined) level.set(link.to, from - 1);
      if (to !== undefined && from === undefined) level.set(link.from, to + 1);
    }
  }
  const rows = [...new Set(level.values())].sort((a, b) => a - b);
  const places = new Map<string, { x: number; y: number }>();
  let top = 4;
  for (const row of rows) {
    const here = picture.nodes.filter((node) => level.get(node.id) === row);
    for (let begin = 0; begin < here.length; begin += 3) {
      const some = here.slice(begin, begin + 3);
      some.forEach((node, at) => places.set(node.id, { x: ((at + 1) * WIDTH) / (some.length + 1), y: top }));
      top += ROW;
    }
  }
  return places;
}
