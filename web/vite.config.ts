// Builds the pages that the server serves itself: one html file a page in dist/, everything they load in dist/assets/.
import { defineConfig } from "vite";

export default defineConfig({
  build: {
    // Icons and fonts stay files, so that a page's html and css name nothing but /assets/.
    assetsInlineLimit: 0,
    // Monaco's core is one chunk of 1.8 MB.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { graphiql: "graphiql/index.html" },
      // The "use client" of React libraries means nothing here.
      checks: { moduleLevelDirective: false },
    },
  },
});
