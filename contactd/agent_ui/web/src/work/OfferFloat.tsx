/** An offer seen from every other screen: the same card in a corner, taken with the same key. */
import { useConsole, useRun } from "../desk";
import { useKeys } from "../keyboard";
import { acceptOffer, OfferCard } from "./OfferCard";
import "./work.css";

export function OfferFloat() {
  const offer = useConsole((state) => state.offers[0] ?? null);
  const { run } = useRun();
  useKeys({
    a: () => {
      if (offer !== null) void acceptOffer(run, offer);
    },
  });
  return (
    <div className="offer-float" aria-live="assertive">
      {offer !== null && <OfferCard offer={offer} on={false} first />}
    </div>
  );
}
