/** The frame around every screen: top bar, link banner, bell, shortcuts; opens the desk and closes it. */
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { type Desk, DeskProvider, openDesk, useConsole } from "../desk";
import { leaveField, useKeyedButtons, useKeys } from "../keyboard";
import { TROUBLE } from "../phone/likes";
import { go, screenFor, useRoute } from "../route";
import { OfferFloat } from "../work/OfferFloat";
import { WorkScreen } from "../work/WorkScreen";
import { Lines } from "./bits";
import { LinkBanner } from "./LinkBanner";
import { OfferBell } from "./OfferBell";
import { Shortcuts } from "./Shortcuts";
import { TopBar } from "./TopBar";
import "./shell.css";

const FloorScreen = lazy(() => import("../floor/FloorScreen"));
const QuarantineScreen = lazy(() => import("../quarantine/QuarantineScreen"));
const DuplicatesScreen = lazy(() => import("../customer/DuplicatesScreen"));
const OutboxScreen = lazy(() => import("../outbox/OutboxScreen"));
const CasesScreen = lazy(() => import("../cases/CasesScreen"));
const ImportsScreen = lazy(() => import("../exchange/ImportsScreen"));
const ConnectorsScreen = lazy(() => import("../exchange/ConnectorsScreen"));
const PrivacyScreen = lazy(() => import("../privacy/PrivacyScreen"));
const KnowledgeScreen = lazy(() => import("../knowledge/KnowledgeScreen"));
const RecordsScreen = lazy(() => import("../commerce/RecordsScreen"));
const ReportsScreen = lazy(() => import("../reports/ReportsScreen"));
const TextsScreen = lazy(() => import("../contact/TextsScreen"));
const SurveysScreen = lazy(() => import("../surveys/SurveysScreen"));
const QualityScreen = lazy(() => import("../quality/QualityScreen"));
const ApprovalsScreen = lazy(() => import("../approvals/ApprovalsScreen"));
const DraftsScreen = lazy(() => import("../writeback/DraftsScreen"));
const PromptsScreen = lazy(() => import("../prompts/PromptsScreen"));
const CustomersScreen = lazy(() => import("../customer/CustomersScreen"));
const CustomerScreen = lazy(() => import("../customer/CustomerScreen"));

interface Props {
  username: string;
  onRefused(): void;
  onLeft(): void;
}

export default function Shell({ username, onRefused, onLeft }: Props) {
  const queries = useQueryClient();
  const [desk, setDesk] = useState<Desk | null>(null);
  const refused = useRef(onRefused);
  refused.current = onRefused;
  useEffect(() => {
    const opened = openDesk(queries, () => refused.current());
    setDesk(opened);
    return () => opened.stop();
  }, [queries, username]);
  return desk === null ? null : (
    <DeskProvider value={desk}>
      <Frame username={username} onLeft={onLeft} />
    </DeskProvider>
  );
}

function Frame({ username, onLeft }: { username: string; onLeft(): void }) {
  const route = useRoute();
  const rights = useConsole((state) => state.me.rights);
  const [help, setHelp] = useState(false);
  useKeys({ "?": () => setHelp(true) });
  useKeyedButtons();
  useEffect(() => {
    window.addEventListener("keydown", leaveField);
    return () => window.removeEventListener("keydown", leaveField);
  }, []);
  // Until it is known who is logged in, what everybody may see is shown at once.
  const screen = rights ? screenFor(route.screen, rights) : route.screen === "work" || route.screen === "customer" ? route.screen : null;
  useEffect(() => {
    if (screen !== null && route.screen !== screen) go(screen);
  }, [screen, route.screen]);
  return (
    <div className="shell">
      <TopBar screen={screen} username={username} onHelp={() => setHelp(true)} onLeft={onLeft} />
      <LinkBanner />
      <div id={TROUBLE} />
      <main className="shell-main">
        <Suspense fallback={<Lines n={8} />}>
          {screen === "work" && <WorkScreen selected={route.id} />}
          {screen === "outbox" && <OutboxScreen />}
          {screen === "floor" && <FloorScreen />}
          {screen === "quarantine" && <QuarantineScreen />}
          {screen === "cases" && <CasesScreen selected={route.id} />}
          {screen === "knowledge" && <KnowledgeScreen selected={route.id} />}
          {screen === "records" && <RecordsScreen selected={route.id} />}
          {screen === "reports" && <ReportsScreen />}
          {screen === "surveys" && <SurveysScreen />}
          {screen === "quality" && <QualityScreen selected={route.id} />}
          {screen === "approvals" && <ApprovalsScreen />}
          {screen === "writebacks" && <DraftsScreen />}
          {screen === "prompts" && <PromptsScreen />}
          {screen === "texts" && <TextsScreen />}
          {screen === "duplicates" && <DuplicatesScreen />}
          {screen === "imports" && <ImportsScreen selected={route.id} />}
          {screen === "connectors" && <ConnectorsScreen />}
          {screen === "privacy" && <PrivacyScreen />}
          {screen === "customers" && <CustomersScreen />}
          {screen === "customer" && route.id !== null && <CustomerScreen party={route.id} />}
        </Suspense>
      </main>
      <OfferBell />
      {screen !== "work" && screen !== null && <OfferFloat />}
      <Shortcuts open={help} onClose={() => setHelp(false)} />
    </div>
  );
}
