"""A world to poll in: channels with the times of their messages, and visits in which somebody shows a channel.

Rule: seconds from the world's start; a visit polls one channel from its start to its end. The first `warm_s` are not
measured.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

# Longer than any world, so that a channel and a moment make one number.
_APART_S = 1e6


@dataclass(frozen=True)
class World:
    """`messages` are the times of each channel's messages, in order; visits are in order of their start."""

    name: str
    messages: list[Floats]
    channel: Ints
    start: Floats
    end: Floats
    horizon_s: float
    warm_s: float

    @property
    def channels(self) -> int:
        return len(self.messages)

    @cached_property
    def times(self) -> Floats:
        """The times of all messages, channel after channel."""
        return np.concatenate(self.messages)

    @cached_property
    def first(self) -> Ints:
        """Where each channel's messages begin in `times`, and one more: where they end."""
        return np.concatenate([[0], np.cumsum([len(one) for one in self.messages])]).astype(np.int64)

    @cached_property
    def in_order(self) -> tuple[Floats, Ints]:
        """The times of all messages in order, and the channel of each."""
        order = np.argsort(self.times, kind="stable")
        channel = np.repeat(np.arange(self.channels), np.diff(self.first))
        return self.times[order], channel[order]

    @cached_property
    def _keys(self) -> Floats:
        return self.times + np.repeat(np.arange(self.channels), np.diff(self.first)) * _APART_S

    def said_by(self, channel: Ints, at_s: Floats) -> Ints:
        """Return how many messages each of some channels had by a moment each."""
        found: Ints = np.searchsorted(self._keys, channel * _APART_S + at_s, side="right") - self.first[channel]
        return found

    @property
    def measured_s(self) -> float:
        return self.horizon_s - self.warm_s

    @cached_property
    def client_s(self) -> float:
        """Seconds that clients were there for, all together, in what is measured."""
        return float(np.clip(self.end - np.maximum(self.start, self.warm_s), 0, None).sum())


def everybody_stays(
    name: str, messages: list[Floats], sizes: Ints, horizon_s: float, warm_s: float, draw: np.random.Generator
) -> World:
    """Return a world in which everybody comes within the first 10 s and stays."""
    channel = np.repeat(np.arange(len(messages)), sizes)
    start = np.sort(draw.uniform(0, 10, len(channel)))
    return World(name, messages, draw.permutation(channel), start, np.full(len(channel), horizon_s), horizon_s, warm_s)
