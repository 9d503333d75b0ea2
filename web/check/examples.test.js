// Holds every example operation of GraphiQL, and its variables, against the server's schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { buildSchema, getVariableValues, parse, validate } from "graphql";
import { runnerImport } from "vite";

const schemaFile = process.env.POLLUX_SCHEMA ?? new URL("../../schema/schema.graphql", import.meta.url);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
const { module } = await runnerImport("./src/graphiql/examples.ts", { configFile: false });

for (const { query, variables } of module.EXAMPLES) {
  const [operation, ...others] = parse(query).definitions;

  test(`${operation.name.value} is valid against the schema`, () => {
    assert.deepEqual(others, [], "one operation a tab, so that the tab's name is the operation's");
    assert.deepEqual(validate(schema, parse(query)), []);
  });

  test(`${operation.name.value} has variables that the schema accepts`, () => {
    const { errors } = getVariableValues(schema, operation.variableDefinitions, JSON.parse(variables ?? "{}"));
    assert.equal(errors, undefined);
  });

  test(`${operation.name.value} says what it shows and its variables`, () => {
    assert.match(query, /^# \S/);
    assert.match(query, /^# .*\bvariables\b/im);
  });
}
