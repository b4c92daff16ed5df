/** The few helpers the view is made with. Text is only ever set as text. */

type Child = Node | string | null | undefined;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child): child is Node | string => child !== null && child !== undefined));
  return node;
}

const PATHS = {
  chat: "M4 5.5h16v11H11l-4.5 3.5v-3.5H4zM8.5 9.5h7M8.5 12.5h4.5",
  down: "M6 9.5l6 6 6-6",
  send: "M5 12h13M12.5 6.5L18 12l-5.500 5.500",
  clock: "M12 7.500V12l3 2M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  check: "M6 12.500l4 4 8-9",
  checks: "M2.500 12.500l4 4 8-9M11.500 15.500l1 1 8-9",
  alert: "M12 7.500v5.500M12 16.200v.1M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  person: "M12 12a3.800 3.800 0 1 0 0-7.600 3.800 3.800 0 0 0 0 7.600zM5 19.500c1-3.400 3.700-5 7-5s6 1.600 7 5",
} as const;

export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Text with its web addresses as links; nothing but http and https becomes one. */
export function linked(text: string): DocumentFragment {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'，。；！？、）】]+/g)) {
    const address = match[0].replace(/[.,;:!?)]+$/, "");
    out.append(text.slice(at, match.index));
    out.append(el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address));
    at = match.index + address.length;
  }
  out.append(text.slice(at));
  return out;
}
