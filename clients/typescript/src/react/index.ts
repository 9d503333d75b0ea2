// @pollux/client/react: hooks over the client and TanStack Query, one a file.
export { PolluxProvider, type PolluxProviderProps, useClient } from "./PolluxProvider.js";
export { type ChannelMessages, type MessageActions, useChannelMessages } from "./useChannelMessages.js";
export { type DynamicPolling, type DynamicPollingOptions, useDynamicPolling } from "./useDynamicPolling.js";
export { type LiveMeasurements, useMeasurements } from "./useMeasurements.js";
export { type NotificationOptions, type Notifications, useNotifications } from "./useNotifications.js";
export { type PollingOptions, usePolling } from "./usePolling.js";
export { type Presence, usePresence } from "./usePresence.js";
export { type ResilientPolling, useResilientPolling } from "./useResilientPolling.js";
export { type Sync, useSync } from "./useSync.js";
