"""The server's view of all channels at once: realtime/rates.py and realtime/adaptive.py on arrays.

Rule: the formulas are the server's own, imported; only what chooses between two numbers is written again for arrays.
`benchmarks.pacing.check` compares both.
"""

from typing import Any

import numpy as np

from benchmarks.pacing.world import Floats, Ints
from realtime import adaptive, evidence
from realtime.evidence import Excitement, Lesson

# The server's formulas take arrays as they take numbers, which their types do not say.
_formulas: Any = evidence


class ChannelRates:
    """What is expected of each channel, second after second; `wish_s` as in realtime/rates.py."""

    def __init__(self, channels: int, readers: Ints, *, known: Floats | None = None) -> None:
        """`known` are the rates of channels that were watched for long."""
        self._prior = (1 + np.minimum(readers, evidence.VOICES)) * evidence.WRITES_PER_READER
        self._known: Any = _formulas.nothing_known(self._prior)
        if known is not None:
            watched_s = np.full(channels, evidence.LONG_S)
            self._known = _formulas.Evidence(known * evidence.MINUTE_S, known * evidence.LONG_S, watched_s)
        self.excitement = Excitement()
        # Of each channel, since somebody polled it last: the seconds, and the messages that nobody has counted.
        self._gap_s, self._news = np.zeros(channels), np.zeros(channels)
        self.wish_s: Floats = _firm(None, self._wish(_formulas.usual_rate(self._known, self._prior)))

    def pass_second(self, news: Ints, polled: Ints | None = None) -> None:
        """Let a second pass in which each channel had so many messages.

        The server learns of a channel when it is polled. `polled` are the numbers of those channels that were, each once;
        without it, all.
        """
        self._gap_s += 1
        self._news += news
        one: Any = slice(None) if polled is None else polled
        before, counted, gap_s = _formulas.Evidence(*(part[one] for part in self._known)), self._news[one], self._gap_s[one]
        prior = self._prior[one]
        usual = _formulas.usual_rate(before, prior)
        teaches = (before.watched_s >= Excitement.WATCHED_S) & (gap_s <= Excitement.LONGEST_GAP_S)
        if teaches.any():
            followed, weight = _formulas.lesson(before, usual, counted, gap_s)
            self.excitement.learn(Lesson(float(followed[teaches].sum()), float(weight[teaches].sum())))
        now = _formulas.later(before, counted, gap_s)
        for part, moved in zip(self._known, now, strict=True):
            part[one] = moved
        rate = _formulas.expected_rate(now, _formulas.usual_rate(now, prior), self.excitement.value)
        self.wish_s = self.wish_s.copy()
        self.wish_s[one] = _firm(self.wish_s[one], self._wish(rate))
        self._gap_s[one] = self._news[one] = 0.0

    def _wish(self, rate: Any) -> Floats:
        wish = np.sqrt(adaptive.WORTH / np.maximum(rate, 1e-12))
        found: Floats = np.clip(wish, adaptive.SHORTEST_WISH_S, adaptive.LONGEST_WISH_S)
        return found


def _firm(before: Floats | None, now: Floats) -> Floats:
    """Return `firm_wish_s` of each channel."""
    steps = 2.0 ** (np.round(np.log2(now) * adaptive.STEPS_PER_OCTAVE) / adaptive.STEPS_PER_OCTAVE)
    if before is None:
        return steps
    return np.where((before / adaptive.FIRM < now) & (now < before * adaptive.FIRM), before, steps)


def stretched_s(wish_s: Floats, stretch: float, longest_ms: int = adaptive.LONGEST_MS) -> Floats:
    """Return `stretched_ms` of each wish, in seconds."""
    stretched = np.round(np.round(1000 * wish_s) * stretch / 10) * 10
    return np.clip(stretched, adaptive.SHORTEST_MS, longest_ms) / 1000
