/** The contacts behind a number. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Drawer } from "antd";
import { useAgentName, useLineLabel } from "../desk";
import { duration, secondsSince } from "../format";
import { useWords } from "../i18n";
import { go } from "../route";
import { At, ChannelIcon, Lines, LoadFailed } from "../shell/bits";
import { type Chosen, reports, type Stay } from "./reports";

export interface Behind {
  number: string;
  chosen: Chosen;
}

export function BehindDrawer({ behind, onClose }: { behind: Behind | null; onClose(): void }) {
  const { word } = useWords();
  return (
    <Drawer open={behind !== null} onClose={onClose} size={520} title={behind && word("reports.names", behind.number)} destroyOnHidden>
      {behind !== null && <Contacts behind={behind} />}
    </Drawer>
  );
}

function Contacts({ behind: { number, chosen } }: { behind: Behind }) {
  const { t } = useWords();
  const found = useInfiniteQuery({
    queryKey: ["report", "behind", number, chosen],
    queryFn: ({ pageParam, signal }) => reports.behind(number, chosen, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (found.isError) return <LoadFailed again={() => void found.refetch()} />;
  if (found.isPending) return <Lines n={8} />;
  return (
    <div className="report-behind" data-testid="report-behind">
      {found.data.pages.flatMap((page) => page.items).map((item) => (
        <Contact key={`${item.interaction}/${item.segment}`} item={item} />
      ))}
      {found.hasNextPage && (
        <Button type="text" block loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("common.more")}
        </Button>
      )}
    </div>
  );
}

function Contact({ item }: { item: Stay }) {
  const { t, word } = useWords();
  const line = useLineLabel();
  const agent = useAgentName();
  const waited = item.answered_at === null ? null : secondsSince(item.entered_at, Date.parse(item.answered_at));
  return (
    <button type="button" className="clear report-contact" onClick={() => go("work", item.interaction)}>
      <ChannelIcon channel={item.channel} title={false} />
      <span className="grow">
        <b className="cut">{item.party_name || t("work.noName")}</b>
        <span className="dim cut">{item.subject || line(item.line)}</span>
      </span>
      <span className="report-end">
        <At at={item.entered_at} />
        <span className="dim">
          {waited !== null && t("reports.waited", { time: duration(waited, t("common.day")) })} {item.agent === null ? word("outcome", item.outcome ?? "", "") : agent(item.agent)}
        </span>
      </span>
    </button>
  );
}
