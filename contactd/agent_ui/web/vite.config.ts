/** Builds the console into ../static; assets live under /console/assets/, the page itself is served at /console. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.CONTACTD_DEV_SERVER ?? "http://127.0.0.1:8080";
const proxied = { target: server, changeOrigin: false };

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // Pictures stay files: the console needs no data: addresses in its content policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: true,
  },
  worker: { format: "es" },
  server: {
    proxy: { "/api": proxied, "/files": proxied, "/healthz": proxied, "/ws": { ...proxied, ws: true } },
  },
  test: { include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"] },
});
