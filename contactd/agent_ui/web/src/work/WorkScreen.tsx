/** The agent's screen: my work on the left, the contact in the middle, the customer on the right. */
import { CoffeeOutlined, InboxOutlined, UserOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useEffect, useMemo, useRef } from "react";
import { api, emptyHead, keys } from "../api";
import { ContactPane } from "../contact/ContactPane";
import { CustomerPane } from "../customer/CustomerPane";
import { useConsole, useDesk, useLink, useMay, useRun } from "../desk";
import { useWords } from "../i18n";
import { useKeys } from "../keyboard";
import { go } from "../route";
import { Hollow, Lines, LoadFailed } from "../shell/bits";
import { IntentSwitch } from "../shell/IntentSwitch";
import type { InteractionView, OfferView } from "../wire";
import { rememberedHead } from "./heads";
import { LineStrip } from "./LineStrip";
import { acceptOffer, OfferCard } from "./OfferCard";
import { OfferPreview } from "./OfferPreview";
import { nextOf } from "./waiting";
import { sortWork, WorkList } from "./WorkList";
import "./work.css";

const NO_OFFERS: OfferView[] = [];
const NO_WORK: InteractionView[] = [];

export function WorkScreen({ selected }: { selected: string | null }) {
  const offers = useConsole((state) => state.offers) ?? NO_OFFERS;
  const work = useConsole((state) => state.work) ?? NO_WORK;
  const loaded = useConsole(() => true) ?? false;
  const { t } = useWords();
  const { run } = useRun();
  const order = useMemo(() => sortWork(work), [work]);
  const shown = useShown(selected, offers, order);
  const takeable = offers.find((item) => item.interaction.id === selected) ?? offers[0];
  useHanded(order, selected);
  const step = (by: number): void => {
    const at = order.findIndex((item) => item.id === selected);
    const next = order[at === -1 ? 0 : Math.min(order.length - 1, Math.max(0, at + by))];
    if (next) go("work", next.id);
  };
  useKeys({
    a: () => {
      if (takeable) void acceptOffer(run, takeable);
    },
    j: () => step(1),
    k: () => step(-1),
    g: () => {
      const next = nextOf(work);
      if (next) go("work", next.id);
    },
  });
  return (
    <div className="work">
      <aside className="work-left" aria-label={t("work.mine")}>
        <IntentSwitch />
        <div className="work-scroll">
          <div className="offers" aria-live="assertive">
            {offers.map((offer) => (
              <OfferCard
                key={offer.offer}
                offer={offer}
                on={shown.kind === "offer" && shown.offer.offer === offer.offer}
                first={offer === takeable}
              />
            ))}
          </div>
          {loaded ? <WorkList work={order} selected={selected} offered={offers.length > 0} /> : <Lines n={6} />}
        </div>
        <LineStrip />
      </aside>
      <Middle shown={shown} loaded={loaded} />
    </div>
  );
}

type Shown =
  | { kind: "nothing" }
  | { kind: "offer"; offer: OfferView }
  | { kind: "mine"; interaction: InteractionView }
  | { kind: "other"; id: string };

/** Between the answer to an accept and the event that makes the item mine. */
const GRACE_MS = 1500;

/** What the middle shows.  An offer comes up by itself only when nothing else is open: nobody is torn from a reply. */
/** A live contact that comes into my hands without my doing, while nothing is open, opens itself: I am on the line already. */
function useHanded(order: InteractionView[], selected: string | null): void {
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    const before = known.current;
    known.current = new Set(order.map((item) => item.id));
    const handed = before === null ? undefined : order.find((item) => item.live && item.state === "active" && !before.has(item.id));
    if (handed && selected === null) go("work", handed.id);
  }, [order, selected]);
}

function useShown(selected: string | null, offers: OfferView[], order: InteractionView[]): Shown {
  const mine = order.find((item) => item.id === selected);
  const offer = offers.find((item) => item.interaction.id === selected);
  const current: Shown | null = mine ? { kind: "mine", interaction: mine } : offer ? { kind: "offer", offer } : null;
  const last = useRef<{ id: string; shown: Shown } | null>(null);
  if (current !== null && selected !== null) last.current = { id: selected, shown: current };
  const vanished = current === null && last.current !== null && last.current.id === selected ? last.current.shown : null;
  const next = order.find((item) => item.state === "active" || item.state === "held")?.id ?? null;
  const nextId = useRef(next);
  nextId.current = next;
  useEffect(() => {
    if (vanished === null) return;
    // What has left my hands is put away; an address opened on purpose (a link, the timeline) stays.
    const timer = setTimeout(
      () => {
        last.current = null;
        go("work", nextId.current);
      },
      vanished.kind === "offer" ? GRACE_MS : 0,
    );
    return () => clearTimeout(timer);
  }, [vanished]);
  if (current !== null) return current;
  if (vanished !== null) return vanished;
  if (selected !== null) return { kind: "other", id: selected };
  return offers[0] ? { kind: "offer", offer: offers[0] } : { kind: "nothing" };
}

function Middle({ shown, loaded }: { shown: Shown; loaded: boolean }) {
  const { t } = useWords();
  if (shown.kind === "offer") {
    const { offer } = shown;
    return (
      <>
        <OfferPreview offer={offer} />
        <CustomerPane key={offer.interaction.id} interaction={offer.interaction} head={offer.customer} readOnly />
      </>
    );
  }
  if (shown.kind === "mine") return <Contact key={shown.interaction.id} interaction={shown.interaction} />;
  if (shown.kind === "other") return loaded ? <Other key={shown.id} id={shown.id} /> : <div className="work-middle" />;
  return (
    <>
      <section className="work-middle">
        <h1 className="sr">{t("nav.work")}</h1>
        {loaded && <Idle />}
      </section>
      <aside className="work-right" aria-label={t("customer.title")}>
        <Hollow glyph={<UserOutlined />} title={t("customer.none")} />
      </aside>
    </>
  );
}

function Contact({ interaction }: { interaction: InteractionView }) {
  const detail = useQuery({
    queryKey: keys.interaction(interaction.id),
    queryFn: ({ signal }) => api.interaction(interaction.id, signal),
  });
  const head = detail.data?.customer ?? rememberedHead(interaction.id);
  return (
    <>
      <ContactPane interaction={interaction} detail={detail.data ?? null} mine />
      {head || detail.isError ? (
        <CustomerPane interaction={interaction} head={head ?? emptyHead()} />
      ) : (
        <aside className="work-right">
          <Lines n={8} />
        </aside>
      )}
    </>
  );
}

/** Nothing open: says what comes next, and offers the one step that is missing. */
function Idle() {
  const { t } = useWords();
  const intent = useConsole((state) => state.me.intent);
  const some = useConsole((state) => state.work.length > 0);
  const { run, busy } = useRun();
  if (some) return <Hollow glyph={<InboxOutlined />} title={t("work.pick")} hint={t("work.pickHint")} />;
  if (intent === "ready") return <Hollow glyph={<CoffeeOutlined />} title={t("work.waiting")} hint={t("work.pickHint")} />;
  return (
    <Hollow
      glyph={<CoffeeOutlined />}
      title={t(intent === "logged_out" ? "work.signedOut" : "work.notReady")}
      hint={t(intent === "logged_out" ? "work.emptyLoggedOut" : "work.emptyNotReady")}
    >
      <Button
        type="primary"
        style={{ marginTop: 10 }}
        loading={busy.has("agent.set_intent")}
        data-testid="idle-ready"
        onClick={() => void run("agent.set_intent", { intent: "ready" })}
      >
        {t("intent.ready")}
      </Button>
    </Hollow>
  );
}

/** A supervisor's console hears the messages of what it looks at; an agent's only those of its own work. */
function useWatch(id: string): void {
  const { socket } = useDesk();
  const supervises = useMay("interaction.watch");
  const { link } = useLink();
  useEffect(() => {
    if (!supervises || link !== "online") return;
    const watch = (on: boolean): void => {
      socket.command("interaction.watch", { interaction: id, on }, false).catch(() => undefined);
    };
    watch(true);
    return () => watch(false);
  }, [socket, supervises, link, id]);
}

/** An interaction that is not in my hands: shown, not touched. */
function Other({ id }: { id: string }) {
  const detail = useQuery({ queryKey: keys.interaction(id), queryFn: ({ signal }) => api.interaction(id, signal) });
  const { t } = useWords();
  useWatch(id);
  if (detail.isPending) {
    return (
      <>
        <section className="work-middle">
          <Lines n={8} />
        </section>
        <aside className="work-right">
          <Lines n={8} />
        </aside>
      </>
    );
  }
  if (detail.isError) {
    return (
      <>
        <section className="work-middle">
          {detail.error.message === "" ? (
            <LoadFailed again={() => void detail.refetch()} />
          ) : (
            <Hollow glyph={<InboxOutlined />} title={t("work.gone")} hint={t("work.goneHint")} />
          )}
        </section>
        <aside className="work-right" />
      </>
    );
  }
  return (
    <>
      <ContactPane interaction={detail.data} detail={detail.data} mine={false} />
      <CustomerPane interaction={detail.data} head={detail.data.customer ?? emptyHead()} readOnly />
    </>
  );
}
