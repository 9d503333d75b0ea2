// Tests run in Node; those of the hooks name a browser's DOM themselves.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"], restoreMocks: true } });
