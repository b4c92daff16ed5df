/** Everybody's texts and one's own, on a screen of their own. */
import { useWords } from "../i18n";
import { TextsEditor } from "./TextsEditor";

export default function TextsScreen() {
  const { t } = useWords();
  return (
    <div className="texts-screen" data-testid="texts-screen">
      <header>
        <h1>{t("texts.title")}</h1>
        <p className="dim">{t("texts.about")}</p>
      </header>
      <TextsEditor />
    </div>
  );
}
