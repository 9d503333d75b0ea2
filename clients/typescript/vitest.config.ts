// Tests run in Node; those of the hooks name a browser's DOM themselves.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.{ts,tsx}", "live/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 60_000, // as long as a very slow machine needs
  },
});
