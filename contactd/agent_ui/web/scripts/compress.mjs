/** Puts a compressed copy (`.gz`) beside each script and style of the built console; the server hands it to who takes it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Smaller files fit into one packet as they are. */
const WORTH = 1400;

const assets = fileURLToPath(new URL("../../static/assets/", import.meta.url));
for (const name of readdirSync(assets)) {
  if (!/\.(js|css|svg)$/.test(name)) continue;
  const plain = readFileSync(join(assets, name));
  const packed = gzipSync(plain, { level: 9 });
  if (plain.length > WORTH && packed.length < plain.length) writeFileSync(join(assets, `${name}.gz`), packed);
}
