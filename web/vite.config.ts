// Builds the pages that the server serves itself: one html file a page in dist/, everything they load in dist/assets/.
import { defineConfig } from "vite";

const client = new URL("../clients/typescript/dist/", import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [{ find: /^@pollux\/client(\/chat|\/react)?$/, replacement: `${client}$1/index.js` }],
    // The client's hooks and the pages share one React and one TanStack Query: those of this folder.
    dedupe: ["react", "react-dom", "@tanstack/react-query"],
  },
  build: {
    // Icons and fonts stay files, so that a page's html and css name nothing but /assets/.
    assetsInlineLimit: 0,
    // Monaco's core is one chunk of 1.8 MB.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: { chat: "chat/index.html", graphiql: "graphiql/index.html" },
      // The "use client" of React libraries means nothing here.
      checks: { moduleLevelDirective: false },
    },
  },
});
