"""Pacing: when a client should ask again, and the load that decides it."""
