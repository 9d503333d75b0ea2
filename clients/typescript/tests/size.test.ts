// The core without React stays small.
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LARGEST = 6 * 1024;

/** Bytes gzipped of a bundle of `entry`, what is loaded later left out. */
async function size(entry: string, external: RegExp[] = []): Promise<number> {
  const bundle = await rolldown({ input: entry, external, resolve: { extensionAlias: { ".js": [".ts"] } }, logLevel: "silent" });
  const { output } = await bundle.generate({ format: "es", minify: true, codeSplitting: false });
  return output.reduce((sum, chunk) => sum + (chunk.type === "chunk" ? gzipSync(chunk.code, { level: 9 }).length : 0), 0);
}

test("the core is under 6 KiB gzipped, with every export; the WebSocket, loaded when it is chosen, under 2 KiB more", async () => {
  const core = await size("src/index.ts", [/websocket/]);
  const whole = await size("src/index.ts");
  console.info(`gzipped: the core ${core} bytes, with the WebSocket ${whole}`);
  expect(core).toBeGreaterThan(3000);
  expect(core).toBeLessThan(LARGEST);
  expect(whole).toBeGreaterThan(core);
  expect(whole - core).toBeLessThan(2048);
});
