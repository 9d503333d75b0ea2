// @pollux/client: real time over any transport, without a library and without anything to show.
export type { Document } from "./document.js";
export type { Environment } from "./environment.js";
export { RefusedError, RequestError } from "./errors.js";
export type { MessageFields, NotificationFields, PollingIntervalFields, SyncPageFields, UserErrorFields, UserFields } from "./generated/operations.js";
export type { RequestOptions, Token } from "./http.js";
export type { ConnectionState, Measurements, TransportName } from "./measurements.js";
export type { Failure, FailureKind } from "./protocol/failure.js";
export type { MachineEvent } from "./protocol/machine.js";
export type { SyncEvent } from "./protocol/news.js";
export { createRealtimeProvider, type Listener, type RealtimeProvider, type SendOptions } from "./provider.js";
export type { Realtime, RealtimeOptions } from "./realtime.js";
