/** How it was: the questions at the end of a conversation, as one small form. */
import { el } from "./dom";
import type { Texts } from "./texts";
import type { Reply, Survey } from "./wire";

export function rating(survey: Survey, t: Texts, done: (replies: Reply[]) => void): HTMLElement {
  const replies = new Map<string, Reply>();
  const send = el("button", { class: "go", type: "submit", disabled: "" }, t.rateSend);
  const no = el("button", { class: "no", type: "button" }, t.rateNo);
  const measure = () => {
    send.disabled = replies.size === 0;
  };
  const form = el("form", { class: "rate", "aria-label": t.rate }, el("b", {}, survey.intro || t.rate));
  for (const one of survey.questions) {
    if (one.kind === "text") {
      const words = el("textarea", { rows: "2", maxlength: "2000", placeholder: t.rateWords, "aria-label": one.text });
      words.oninput = () => {
        if (words.value.trim()) replies.set(one.key, { question: one.key, text: words.value.trim() });
        else replies.delete(one.key);
        measure();
      };
      form.append(el("label", { class: "q" }, one.text, words));
      continue;
    }
    const stars = one.lowest === 1 && one.best === 5;
    const marks: HTMLElement[] = [];
    for (let n = one.lowest; n <= one.best; n++) {
      const input = el("input", { type: "radio", name: one.key, value: String(n), "aria-label": `${n} / ${one.best}` });
      const label = el("label", { class: stars ? "star" : "score" }, input, el("span", { "aria-hidden": "true" }, stars ? "★" : String(n)));
      input.onchange = () => {
        replies.set(one.key, { question: one.key, score: n });
        marks.forEach((mark, index) => mark.classList.toggle("on", stars ? index <= n - one.lowest : index === n - one.lowest));
        measure();
      };
      marks.push(label);
    }
    form.append(el("fieldset", {}, el("legend", {}, one.text), el("div", { class: "marks" }, ...marks)));
  }
  form.append(el("div", { class: "do" }, send, no));
  form.onsubmit = (event) => {
    event.preventDefault();
    done([...replies.values()]);
  };
  no.onclick = () => done([]);
  return form;
}
