"""The pacing simulator: how fresh clients are, for how many requests, under each polling policy."""
