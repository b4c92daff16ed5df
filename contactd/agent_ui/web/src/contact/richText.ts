/** Formatted text of letters: what is kept of any HTML, and what it says as plain text. */

const KEPT = new Set(["A", "B", "BLOCKQUOTE", "BR", "DIV", "EM", "I", "LI", "OL", "P", "PRE", "S", "SPAN", "STRONG", "U", "UL"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "SVG", "MATH", "HEAD", "TITLE", "NOSCRIPT"]);
const LINK = /^(https?:|mailto:|tel:)/i;
const LONGEST = 200_000;

/** Rewrite HTML from its elements: nothing but formatting and safe links is left, whoever wrote it. */
export function safeHtml(html: string): string {
  const page = new DOMParser().parseFromString(html.slice(0, LONGEST), "text/html");
  const out = document.implementation.createHTMLDocument("");
  copy(page.body, out.body, out, 0);
  return out.body.innerHTML;
}

function copy(from: Node, to: Element, out: Document, depth: number): void {
  if (depth > 60) {
    to.append(out.createTextNode(from.textContent ?? ""));
    return;
  }
  for (const child of [...from.childNodes]) {
    if (child.nodeType === Node.TEXT_NODE) to.append(out.createTextNode(child.textContent ?? ""));
    if (!(child instanceof Element) && child.nodeType !== Node.ELEMENT_NODE) continue;
    const element = child as Element;
    const name = element.tagName.toUpperCase();
    if (DROPPED.has(name)) continue;
    if (!KEPT.has(name)) {
      copy(element, to, out, depth + 1);
      continue;
    }
    const made = out.createElement(name);
    const link = name === "A" ? (element.getAttribute("href") ?? "") : "";
    if (LINK.test(link)) {
      made.setAttribute("href", link);
      made.setAttribute("rel", "noopener noreferrer");
      made.setAttribute("target", "_blank");
    }
    to.append(made);
    copy(element, made, out, depth + 1);
  }
}

/** Plain words as HTML. */
export function htmlOf(text: string): string {
  const escape = (line: string): string => line.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return text
    .split("\n")
    .map((line) => `<div>${line === "" ? "<br>" : escape(line)}</div>`)
    .join("");
}
