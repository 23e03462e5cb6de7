import { defineConfig } from "vite";

// The system that `npm run dev` talks to: `make up` serves there.
const SYSTEM = "http://127.0.0.1:8095";

export default defineConfig({
  base: "/console/",
  build: {
    outDir: "../build/console",
    emptyOutDir: true,
    target: "es2023",
    // Nothing inline: the Content-Security-Policy takes files of the same origin alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": SYSTEM, "/oidc": SYSTEM, "/console/config.json": SYSTEM } },
});
