/** Find a customer by name, sound, number or address. */
import { SearchOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useRef, useState } from "react";
import { api } from "../api";
import { useWords } from "../i18n";
import type { PartyView } from "../wire";
import { Face, Kbd, Vip } from "./bits";

interface FinderProps {
  placeholder: string;
  onPick(party: PartyView): void;
  inputRef?: React.RefObject<HTMLInputElement | null>;
  testId: string;
  autoFocus?: boolean;
}

/** A field with its hits below: arrows choose, Enter picks, Escape leaves. */
export function PartyFinder({ placeholder, onPick, inputRef, testId, autoFocus = false }: FinderProps) {
  const { t } = useWords();
  const own = useRef<HTMLInputElement>(null);
  const input = inputRef ?? own;
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(text.trim());
  const enough = asked !== "";
  const { data, isFetching, isError } = useQuery({
    queryKey: ["parties", asked],
    queryFn: ({ signal }) => api.findParties(asked, signal),
    enabled: open && enough,
    staleTime: 10_000,
    placeholderData: (before) => before,
  });
  const hits = enough ? (data?.items ?? []) : [];
  const pick = (party: PartyView): void => {
    setText("");
    setOpen(false);
    input.current?.blur();
    onPick(party);
  };
  const pressed = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const hit = hits[at];
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && hit) pick(hit);
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <div className="finder">
      <SearchOutlined className="finder-glass" />
      <input
        ref={input}
        value={text}
        placeholder={placeholder}
        aria-label={placeholder}
        autoFocus={autoFocus}
        spellCheck={false}
        data-testid={testId}
        onChange={(event) => {
          setText(event.target.value);
          setOpen(true);
          setAt(0);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setTimeout(() => setOpen(false), 150)}
        onKeyDown={pressed}
      />
      {open && text.trim() !== "" && (
        <div className="finder-hits" role="listbox">
          {enough && hits.length === 0 && (
            <div className="finder-none">
              {isError ? t("common.loadFailed") : isFetching ? t("common.loading") : t("customer.noResults")}
            </div>
          )}
          {hits.map((party, index) => (
            <button
              type="button"
              key={party.id}
              role="option"
              aria-selected={index === at}
              className={`clear finder-hit${index === at ? " on" : ""}`}
              data-testid="party-hit"
              onMouseDown={(event) => event.preventDefault()}
              onMouseEnter={() => setAt(index)}
              onClick={() => pick(party)}
            >
              <Face name={party.name} kind={party.kind} />
              <span className="grow cut">
                {party.name} <Vip level={party.vip} />
                <small className="dim cut num">{party.points?.map((point) => point.display).join(" · ")}</small>
              </span>
              {index === at && <Kbd>↵</Kbd>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
