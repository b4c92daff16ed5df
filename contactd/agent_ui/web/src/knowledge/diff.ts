/** What changed between two texts, line by line. */
export interface Piece {
  kind: "same" | "gone" | "new";
  text: string;
}

const MOST = 2000;

/** The longest common run of lines stays; the rest went or came. */
export function diff(before: string, after: string): Piece[] {
  const a = before.split("\n").slice(0, MOST);
  const b = after.split("\n").slice(0, MOST);
  const width = b.length + 1;
  const kept = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      kept[at] = a[i] === b[j] ? kept[at + width + 1]! + 1 : Math.max(kept[at + width]!, kept[at + 1]!);
    }
  }
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ kind: "same", text: a[i]! });
      i += 1;
      j += 1;
    } else if (i < a.length && (j === b.length || kept[(i + 1) * width + j]! >= kept[i * width + j + 1]!)) {
      pieces.push({ kind: "gone", text: a[i]! });
      i += 1;
    } else {
      pieces.push({ kind: "new", text: b[j]! });
      j += 1;
    }
  }
  return pieces;
}

/** The words of formatted text, a line for each block. */
export function wordsOf(html: string): string {
  const page = new DOMParser().parseFromString(html.replace(/<(br|\/p|\/div|\/li)[^>]*>/gi, "\n$&"), "text/html");
  return (page.body.textContent ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .join("\n");
}
