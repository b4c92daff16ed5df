/** Somebody else on a call: who, how far it has come with them, and the three ways out of it. */
import { RollbackOutlined, SwapOutlined, TeamOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useRun } from "../desk";
import { useWords } from "../i18n";
import { StateMark } from "../shell/bits";
import type { InteractionView, ThirdView } from "../wire";

interface Props {
  interaction: InteractionView;
  third: ThirdView;
  mine: boolean;
}

export function ThirdParty({ interaction, third, mine }: Props) {
  const { t, word } = useWords();
  const { run, busy } = useRun();
  const { id } = interaction;
  const press = (key: string): void => void run(`call.${key}`, { interaction: id });
  const rings = third.state === "ringing";
  return (
    <section className="call-third" data-testid="third" data-state={third.state}>
      <div className="row">
        <StateMark state={rings ? "offered" : "talking"} pulse={rings} />
        <span className="call-third-who cut">{third.name || third.number || third.agent}</span>
        <span className="dim">{word("third", third.state)}</span>
      </div>
      {mine && (
        <div className="row call-third-keys">
          {third.state === "talking" && (
            <Button icon={<TeamOutlined />} loading={busy.has("call.conference")} data-testid="call-conference" onClick={() => press("conference")}>
              {t("call.conference")}
            </Button>
          )}
          {!rings && (
            <Button type="primary" icon={<SwapOutlined />} loading={busy.has("call.transfer")} data-testid="call-leave" onClick={() => press("transfer")}>
              {t("call.leave")}
            </Button>
          )}
          <Button icon={<RollbackOutlined />} loading={busy.has("call.return")} data-testid="call-return" onClick={() => press("return")}>
            {t(third.state === "joined" ? "call.dropThird" : "call.return")}
          </Button>
        </div>
      )}
    </section>
  );
}
