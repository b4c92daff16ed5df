/** Unfolds, and folds again, what a mail quotes. */
import { useWords } from "../i18n";

export function FoldButton({ open, onClick }: { open: boolean; onClick: () => void }) {
  const { t } = useWords();
  const words = t(open ? "mail.hideQuoted" : "mail.quoted");
  return (
    <button
      type="button"
      className="clear quote-fold"
      aria-expanded={open}
      aria-label={words}
      title={words}
      data-testid="fold"
      onClick={onClick}
    >
      •••
    </button>
  );
}
