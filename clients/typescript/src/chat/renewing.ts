// Asking once more with a new token, where the old one was not believed: such a request did nothing.
import type { Document } from "../document.js";
import { RequestError } from "../errors.js";
import type { Http, RequestOptions } from "../http.js";

export async function renewing<Data, Variables>(
  http: Http,
  document: Document<Data, Variables>,
  variables: Variables,
  options?: RequestOptions,
): Promise<Data> {
  try {
    return await http.request(document, variables, options);
  } catch (error) {
    if (!(error instanceof RequestError && error.kind === "identity" && http.isRenewable)) throw error;
    await http.bearer(true);
    return http.request(document, variables, options);
  }
}
