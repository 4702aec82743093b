import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

import { checksums } from "./plugins/checksums.js";
import { cures } from "./plugins/cures.js";
import { cssIconsAsFiles } from "./plugins/css-icons-as-files.js";
import { manifestByName } from "./plugins/manifest-by-name.js";
import { notices } from "./plugins/notices.js";
import { systemTheme } from "./plugins/system-theme.js";
import { woff2Only } from "./plugins/woff2-only.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at("."),
  // Relative addresses: the same files work under any prefix that the application is served from.
  base: "./",
  publicDir: false,
  appType: "custom",
  css: { postcss: { plugins: [systemTheme(), woff2Only()] } },
  plugins: [cures(), cssIconsAsFiles(), manifestByName(), notices(), checksums()],
  build: {
    outDir: at("../static/dist"),
    emptyOutDir: true,
    target: "es2022",
    // light-dark() stays as it is: rewritten for older browsers it would ignore parts that keep the light theme.
    cssTarget: ["chrome125", "firefox128", "safari17.5"],
    // A data: address would need `data:` in the content security policy.
    assetsInlineLimit: 0,
    // Injected helper code for browsers that es2022 already excludes.
    modulePreload: false,
    manifest: "manifest.json",
    license: { fileName: "licences.json" },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2500,
    rolldownOptions: {
      input: {
        page: at("src/page/index.js"),
        viewer: at("src/viewer/index.js"),
        editor: at("src/editor/index.js"),
        decisions: at("src/decisions/index.js"),
      },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
