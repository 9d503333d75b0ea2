// The README shows code that compiles.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

test("the ten lines are those that the compiler sees", () => {
  const [, shown] = /```tsx\n(.*?)```/s.exec(read("../README.md"))!;
  expect(read("./ten-lines.tsx")).toContain(shown);
});
