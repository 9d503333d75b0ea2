// An operation's text that knows the types of its variables and its data.
declare const types: unique symbol;

/** The text of an operation. `Data` is what it gives, `Variables` what it takes. */
export type Document<Data, Variables> = string & { readonly [types]?: (variables: Variables) => Data };
