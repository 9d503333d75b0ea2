"""What counts as one emoji, and its one spelling."""

import pytest

from models.emoji import LONGEST_EMOJI, emoji_of
from models.errors import BadUserInput, Mistake, MistakeCode

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
KISS = "\U0001f469\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3ff"


@pytest.mark.parametrize(
    "emoji",
    [
        "👍",
        "👍🏽",
        "🏽",
        "🇰🇷",
        "1\ufe0f\u20e3",
        "#\ufe0f\u20e3",
        "\u2764\ufe0f",
        "©\ufe0f",
        "☝🏽",
        "👩‍👩‍👧",
        "🏳\ufe0f‍🌈",
        ENGLAND,
        KISS,
        "\U0001faef",
    ],
)
def test_one_emoji_is_kept_as_it_is(emoji: str) -> None:
    assert emoji_of(emoji, "emoji") == emoji


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("\u2764", "\u2764\ufe0f"),
        ("👍\ufe0f", "👍"),
        ("1\u20e3", "1\ufe0f\u20e3"),
        ("\u261d\ufe0f🏽", "\u261d🏽"),
        ("🏳‍🌈", "🏳\ufe0f‍🌈"),
        (KISS.replace("\ufe0f", ""), KISS),
        ("\n👍 ", "👍"),
    ],
)
def test_spellings_that_differ_in_selectors_alone_are_one(sent: str, stored: str) -> None:
    assert emoji_of(sent, "emoji") == stored
    assert emoji_of(stored, "emoji") == stored


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "1",
        "ok",
        ":+1:",
        "👍👍",
        "👍a",
        "👍 👍",
        "🇰",
        "🇰🇷🇰🇷",
        "\u200d",
        "👍\u200d",
        "\u200d👍",
        "\ufe0f",
        "\u2764\ufe0e",
        "가",
        "★",
        ENGLAND[:-1],
        "👍🏽🏽",
    ],
)
def test_what_is_not_one_emoji_is_refused(text: str) -> None:
    with pytest.raises(Mistake) as refused:
        emoji_of(text, "emoji")
    assert (refused.value.code, refused.value.field) == (MistakeCode.INVALID, ["input", "emoji"])


@pytest.mark.parametrize(("text", "code"), [(" ", MistakeCode.BLANK), ("👍" * (LONGEST_EMOJI + 1), MistakeCode.TOO_LONG)])
def test_its_length_is_bounded(text: str, code: MistakeCode) -> None:
    with pytest.raises(Mistake) as refused:
        emoji_of(text, "emoji")
    assert refused.value.code is code


def test_what_no_database_stores_is_malformed() -> None:
    with pytest.raises(BadUserInput):
        emoji_of("\ud83d", "emoji")
