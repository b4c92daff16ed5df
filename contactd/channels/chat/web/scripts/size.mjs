/** Fails the build when the widget grows beyond what a host site should have to load. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 20 * 1024;
const size = gzipSync(readFileSync(new URL("../../static/widget.js", import.meta.url)), { level: 9 }).length;
console.log(`widget.js: ${size} bytes gzipped, ${LIMIT} allowed`);
if (size > LIMIT) process.exit(1);
