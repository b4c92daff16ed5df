/** Why a row ended as it did: the column, the mistake in words, and what stood there. */
import { useWords } from "../i18n";
import { reason } from "./files";

export function Reasons({ reasons }: { reasons: string[] }) {
  const { word } = useWords();
  return (
    <>
      {reasons.map((text) => {
        const { column, code, shown } = reason(text);
        return (
          <div key={text} className="exchange-reason">
            {column !== "" && <b>{column}</b>} {word("exchange.fault", code, code)} {shown !== "" && <code>{shown}</code>}
          </div>
        );
      })}
    </>
  );
}
