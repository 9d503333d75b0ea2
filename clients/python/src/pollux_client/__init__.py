"""A client of Pollux: one interface over polling, long polling and WebSocket."""
