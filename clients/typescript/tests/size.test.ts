// The core without React stays small.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LARGEST = 6 * 1024;

test("the core is under 6 KiB gzipped, with every export and every transport", async () => {
  const bundle = await rolldown({ input: "src/index.ts", resolve: { extensionAlias: { ".js": [".ts"] } }, logLevel: "silent" });
  const { output } = await bundle.generate({ format: "es", minify: true });
  const sizes = output.map((chunk) => (chunk.type === "chunk" ? gzipSync(chunk.code, { level: 9 }).length : 0));
  const total = sizes.reduce((sum, one) => sum + one, 0);
  console.info(`the core: ${sizes.join(" + ")} = ${total} bytes gzipped`);
  expect(total).toBeGreaterThan(3000);
  expect(total).toBeLessThan(LARGEST);
});
