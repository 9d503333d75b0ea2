// Holds every example operation of GraphiQL, and its variables, against the server's schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { buildSchema, getVariableValues, parse, TypeInfo, validate, visit, visitWithTypeInfo } from "graphql";
import { runnerImport } from "vite";

const schemaFile = process.env.POLLUX_SCHEMA ?? new URL("../../schema/schema.graphql", import.meta.url);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
const { module } = await runnerImport("./src/graphiql/examples.ts", { configFile: false });

const EXAMPLES = module.examples(module.UNKNOWN);

for (const { query, variables } of EXAMPLES) {
  const document = parse(query);
  const operations = document.definitions.filter(({ kind }) => kind === "OperationDefinition");

  test(`${operations[0].name.value}: the tab says what it shows and its variables`, () => {
    assert.match(query, /^# \S/);
    assert.match(query, /^# .*\bvariables\b/im);
  });

  test(`${operations[0].name.value}: the tab is valid against the schema`, () => assert.deepEqual(validate(schema, document), []));

  for (const { name, variableDefinitions } of operations) {
    test(`${name.value} has variables that the schema accepts`, () => {
      const { errors } = getVariableValues(schema, variableDefinitions, JSON.parse(variables ?? "{}"));
      assert.equal(errors, undefined);
    });
  }
}

test("every part of the contract has an example", () => {
  const asked = new Set();
  for (const { query } of EXAMPLES) {
    const info = new TypeInfo(schema);
    visit(parse(query), visitWithTypeInfo(info, { Field: () => void asked.add(`${info.getParentType()}.${info.getFieldDef()?.name}`) }));
  }
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const offered = roots.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type}.${field}`));
  assert.ok(offered.length > 30);
  assert.deepEqual(offered.filter((field) => !asked.has(field)), []);
});
