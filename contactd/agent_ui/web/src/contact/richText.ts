/** Formatted text of letters: what is kept of any HTML, and what it says as plain text. */

const KEPT = new Set(["A", "B", "BLOCKQUOTE", "BR", "DIV", "EM", "I", "LI", "OL", "P", "PRE", "S", "SPAN", "STRONG", "U", "UL"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "SVG", "MATH", "HEAD", "TITLE", "NOSCRIPT"]);
/** A picture of the letter's own, as it leaves, and as it is shown while it is written. */
const OWN = /^(?:cid:([\w-]{1,64})@inline|\/api\/v1\/uploads\/([\w-]{1,64}))$/;
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
    if (name === "IMG") {
      const own = OWN.exec(element.getAttribute("src") ?? "");
      if (own !== null) {
        const picture = out.createElement("img");
        picture.setAttribute("src", `cid:${own[1] ?? own[2]}@inline`);
        to.append(picture);
      }
      continue;
    }
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

/** Safe HTML with the letter's own pictures where this browser can load them. */
export function shownHtml(html: string): string {
  return safeHtml(html).replace(/src="cid:([\w-]{1,64})@inline"/g, 'src="/api/v1/uploads/$1"');
}

/** A picture of the letter's own, as HTML. */
export function pictureOf(upload: string): string {
  return `<img src="/api/v1/uploads/${encodeURIComponent(upload)}">`;
}

/** Whether an upload stands in the HTML as a picture. */
export function shows(html: string | null, upload: string): boolean {
  return html?.includes(`cid:${upload}@inline`) ?? false;
}

/** Plain words as HTML. */
export function htmlOf(text: string): string {
  const escape = (line: string): string => line.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return text
    .split("\n")
    .map((line) => `<div>${line === "" ? "<br>" : escape(line)}</div>`)
    .join("");
}
