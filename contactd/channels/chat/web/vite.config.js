import { defineConfig } from "vite";

export default defineConfig({
  build: {
    lib: { entry: "src/widget.ts", name: "contactdWidget", formats: ["iife"], fileName: () => "widget.js" },
    outDir: "../static",
    emptyOutDir: true,
    target: "es2020",
  },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
