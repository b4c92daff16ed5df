/** A campaign's members: how far it has come, who is left out and why, and who is added. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button, Table } from "antd";
import { useState } from "react";
import { api } from "../api";
import { useMay } from "../desk";
import { percent } from "../format";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, LoadFailed } from "../shell/bits";
import type { MemberView } from "../wire";
import { AddMembers } from "./AddMembers";

const STATES = ["open", "queued", "tried", "reached", "refused", "done", "left_out"];
const OFTEN_MS = 10_000;

export function CampaignPanel({ id, running }: { id: string; running: boolean }) {
  const { t, word } = useWords();
  const manages = useMay("campaign.manage");
  const [state, setState] = useState<string | null>(null);
  const often = running ? OFTEN_MS : false;
  const figures = useQuery({ queryKey: ["campaign", id, "figures"], queryFn: ({ signal }) => api.campaignFigures(id, signal), refetchInterval: often });
  const found = useInfiniteQuery({
    queryKey: ["campaign", id, "members", state],
    queryFn: ({ pageParam, signal }) => api.campaignMembers(id, { state, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: often,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  const now = figures.data;
  return (
    <section className="campaign" data-testid="campaign">
      <h4>{t("campaigns.members")}</h4>
      {now && (
        <div className="row campaign-figures" data-testid="campaign-figures">
          {STATES.filter((one) => now.states[one]).map((one) => (
            <button type="button" key={one} className={`clear tag${state === one ? " accent" : ""}`} onClick={() => setState(state === one ? null : one)}>
              {word("campaigns.states", one)} <span className="num">{now.states[one]}</span>
            </button>
          ))}
          {now.reached_rate !== null && <span className="dim">{t("campaigns.rate", { rate: percent(now.reached_rate), n: now.attempts })}</span>}
        </div>
      )}
      {now && Object.keys(now.reasons).length > 0 && (
        <p className="dim">
          {Object.entries(now.reasons)
            .map(([why, n]) => `${word("campaigns.reasons", why)} ${n}`)
            .join(" · ")}
        </p>
      )}
      {!running && <p className="dim">{t("campaigns.notRunning")}</p>}
      {manages && <AddMembers id={id} />}
      <Table<MemberView>
        size="small"
        rowKey="id"
        loading={found.isPending}
        dataSource={found.data?.pages.flatMap((page) => page.items) ?? []}
        pagination={false}
        onRow={(item) => ({ "data-testid": "campaign-member", onClick: () => go("customer", item.party_id), style: { cursor: "pointer" } }) as object}
        locale={{ emptyText: t("campaigns.none") }}
        columns={[
          { key: "who", title: t("customer.title"), ellipsis: true, render: (_, item) => item.party_name },
          { key: "state", title: t("campaigns.state"), width: 120, render: (_, item) => <span className="tag" title={item.reason ? word("campaigns.reasons", item.reason) : undefined}>{word("campaigns.states", item.state)}</span> },
          { key: "tries", title: t("campaigns.tries"), width: 60, render: (_, item) => <span className="num">{item.attempts}</span> },
          { key: "said", title: t("campaigns.outcome"), ellipsis: true, render: (_, item) => item.outcome || (item.reason ? word("campaigns.reasons", item.reason) : "") },
          { key: "last", title: t("campaigns.last"), width: 100, render: (_, item) => (item.last_at ? <At at={item.last_at} /> : "") },
        ]}
      />
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </section>
  );
}
