/** The way in: name and password, in either language, before anything else is loaded. */
import { Button } from "antd";
import { type FormEvent, useRef, useState } from "react";
import { api, ApiError } from "../api";
import { useWords } from "../i18n";
import icon from "../icon.svg";
import { changeSettings } from "../settings";
import "./login.css";

interface Props {
  doubt: "over" | "unreachable" | null;
  onEntered(): void;
}

export function LoginPage({ doubt, onEntered }: Props) {
  const { t, language } = useWords();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await api.login(String(form.get("username") ?? "").trim(), String(form.get("password") ?? ""));
      onEntered();
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      setFailure(t(status === 0 || status >= 500 ? "login.unreachable" : status === 429 ? "login.slow" : "login.bad"));
      password.current?.select();
    } finally {
      setBusy(false);
    }
  };

  const notice = failure ?? (doubt ? t(`login.${doubt}`) : null);
  return (
    <main className="login">
      <button
        type="button"
        className="clear login-lang"
        data-testid="lang-switch"
        onClick={() => changeSettings({ language: language === "en" ? "zh-CN" : "en" })}
      >
        {language === "en" ? "中文" : "English"}
      </button>
      <form className="login-card" onSubmit={(event) => void submit(event)}>
        <img src={icon} alt="" width={44} height={44} />
        <h1>{t("app.name")}</h1>
        <p className="dim">{t("app.tagline")}</p>
        <label>
          {t("login.user")}
          <input name="username" autoComplete="username" required autoFocus spellCheck={false} data-testid="login-user" />
        </label>
        <label>
          {t("login.password")}
          <input
            ref={password}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            data-testid="login-pass"
          />
        </label>
        <div className={`login-notice${failure ? " bad" : ""}`} role="alert" data-testid="login-notice">
          {notice}
        </div>
        <Button type="primary" htmlType="submit" size="large" block loading={busy} data-testid="login-submit">
          {t("login.submit")}
        </Button>
      </form>
    </main>
  );
}
