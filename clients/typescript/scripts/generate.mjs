// Writes src/generated/: the schema's types, and each operation of src/graphql/ with the types of what it takes and gives.
// Rule: nothing in there is written by hand, and an operation that does not fit the schema stops the build.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import {
  buildSchema, isAbstractType, isEnumType, isInputObjectType, isListType, isNonNullType, isObjectType,
  Kind, parse, print, stripIgnoredCharacters, typeFromAST, validate, visit,
} from "graphql";

const root = new URL("..", import.meta.url);
const schemaFile = process.env.POLLUX_SCHEMA ?? new URL("../../schema/schema.graphql", root);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
const SCALARS = { ID: "string", String: "string", DateTime: "string", Int: "number", Float: "number", Boolean: "boolean" };

/** A type as TypeScript, `leaf` giving what the named type becomes. */
function typed(type, leaf) {
  if (isNonNullType(type)) return filled(type.ofType, leaf);
  return `${filled(type, leaf)} | null`;
}

function filled(type, leaf) {
  if (!isListType(type)) return leaf(type);
  return `readonly (${typed(type.ofType, leaf)})[]`;
}

const named = (prefix) => (type) => SCALARS[type.name] ?? prefix + type.name;

function documented(node, indent = "") {
  return node.description ? `${indent}/** ${node.description.replaceAll("\n", " ").replaceAll("*/", "* /")} */\n` : "";
}

// ------------------------------------------------------------------ the schema

function schemaTypes() {
  const parts = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__")) continue;
    if (isEnumType(type)) {
      // A later server may know more values than this file.
      const values = type.getValues().map((value) => JSON.stringify(value.name));
      parts.push(`${documented(type)}export type ${type.name} = ${[...values, "(string & {})"].join(" | ")};`);
    } else if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).map((field) => documented(field, "  ") + `  ${argument(field)};`);
      parts.push(`${documented(type)}export interface ${type.name} {\n${fields.join("\n")}\n}`);
    } else if (isObjectType(type) || isAbstractType(type)) {
      if ([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(type)) continue;
      const fields = Object.values(type.getFields()).map(
        (field) => documented(field, "  ") + `  readonly ${field.name}: ${typed(field.type, named(""))};`,
      );
      parts.push(`${documented(type)}export interface ${type.name} {\n${fields.join("\n")}\n}`);
    }
  }
  return parts.join("\n\n");
}

function argument({ name, type, defaultValue }) {
  const optional = !isNonNullType(type) || defaultValue !== undefined;
  return `readonly ${name}${optional ? "?" : ""}: ${typed(type, named(""))}${optional && isNonNullType(type) ? " | undefined" : ""}`;
}

// ------------------------------------------------------------------ the operations

const files = readdirSync(new URL("src/graphql/", root)).filter((name) => name.endsWith(".graphql")).sort();
const document = parse(files.map((name) => readFileSync(new URL(`src/graphql/${name}`, root), "utf8")).join("\n"));
const errors = validate(schema, document);
if (errors.length) throw new Error(errors.map(String).join("\n\n"));
const fragments = new Map(document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION).map((one) => [one.name.value, one]));
const constant = (name) => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

/** What a selection of `parent` gives, as a TypeScript type. */
function selected(parent, { selections }) {
  const fields = [];
  const parts = [];
  for (const one of selections) {
    const included = one.directives.length === 0;
    if (one.kind === Kind.FRAGMENT_SPREAD) parts.push(fragmentType(one.name.value));
    else if (one.kind === Kind.INLINE_FRAGMENT) {
      // Of another type of node nothing is selected.
      parts.push(`Partial<${selected(schema.getType(one.typeCondition.name.value), one.selectionSet)}>`);
    } else {
      const { type } = parent.getFields()[one.name.value];
      const leaf = one.selectionSet ? (inner) => selected(inner, one.selectionSet) : named("Schema.");
      fields.push(`readonly ${(one.alias ?? one.name).value}${included ? "" : "?"}: ${typed(type, leaf)}`);
    }
  }
  if (fields.length) parts.push(`{ ${fields.join("; ")} }`);
  return parts.join(" & ");
}

const fragmentType = (name) => `${name}Fields`;

/** An operation's text, with what it spreads once in place and what it spreads more often as fragments. */
function textOf(operation) {
  const spreads = new Map();
  const count = (node) =>
    visit(node, {
      FragmentSpread({ name: { value } }) {
        spreads.set(value, (spreads.get(value) ?? 0) + 1);
        if (spreads.get(value) === 1) count(fragments.get(value));
      },
    });
  count(operation);
  const inline = (node) =>
    visit(node, {
      SelectionSet: {
        leave: (set) => ({
          ...set,
          selections: set.selections.flatMap((one) =>
            one.kind === Kind.FRAGMENT_SPREAD && spreads.get(one.name.value) === 1 ? inline(fragments.get(one.name.value)).selectionSet.selections : [one],
          ),
        }),
      },
    });
  const shared = [...spreads].filter(([, times]) => times > 1).map(([name]) => inline(fragments.get(name)));
  return stripIgnoredCharacters([operation, ...shared].map((one) => print(inline(one))).join(" "));
}

function operationTypes() {
  const parts = [];
  for (const [name, fragment] of fragments) {
    const type = schema.getType(fragment.typeCondition.name.value);
    parts.push(`export type ${fragmentType(name)} = ${selected(type, fragment.selectionSet)};`);
  }
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    const name = operation.name.value;
    const kind = operation.operation[0].toUpperCase() + operation.operation.slice(1);
    const variables = operation.variableDefinitions.map(({ variable, type, defaultValue }) => {
      const given = typeFromAST(schema, type);
      const optional = !isNonNullType(given) || defaultValue !== undefined;
      return `readonly ${variable.name.value}${optional ? "?" : ""}: ${typed(given, named("Schema."))}`;
    });
    parts.push(`export type ${name}${kind} = ${selected(schema.getRootType(operation.operation), operation.selectionSet)};`);
    parts.push(`export type ${name}Variables = { ${variables.join("; ")} };`);
    parts.push(`export const ${constant(name)} = ${JSON.stringify(textOf(operation))} as Document<${name}${kind}, ${name}Variables>;`);
  }
  return parts.join("\n");
}

const output = new URL("src/generated/", root);
mkdirSync(output, { recursive: true });
const head = "// Written by scripts/generate.mjs from schema/schema.graphql and src/graphql/.\n";
writeFileSync(new URL("schema.ts", output), `${head}\n${schemaTypes()}\n`);
writeFileSync(
  new URL("operations.ts", output),
  `${head}import type { Document } from "../document.js";\nimport type * as Schema from "./schema.js";\n\n${operationTypes()}\n`,
);
