"""Text as clients send it: a stored text is the sent text, or nothing is stored."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadUserInput, Mistake, MistakeCode
from models.text import bounded, client_key, graphemes, storable, written

UNSTORABLE = ["\x00", "a\x00b", "\ud800", "a\udfffb", "\ude00\ud83d"]


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_storable_text_comes_back_unchanged(text: str) -> None:
    assert storable(text, "content") == text
    assert text.encode().decode() == text


@pytest.mark.parametrize("text", UNSTORABLE)
def test_text_no_database_stores_is_bad_user_input_naming_the_argument(text: str) -> None:
    with pytest.raises(BadUserInput, match=r"^content "):
        storable(text, "content")
    with pytest.raises(BadUserInput, match=r"^topic "):
        bounded(text, longest=10, field="topic")
    with pytest.raises(BadUserInput, match=r"^clientMessageId "):
        client_key(text, "clientMessageId")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("hello", "hello"),
        ("  hello\n", "hello"),
        ("two\n\nlines", "two\n\nlines"),
        ("\u3000안녕\u00a0", "안녕"),
        ("<script>'; DROP TABLE", "<script>'; DROP TABLE"),
        ("\u202eright to left", "\u202eright to left"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("\uff1cＡ\u0301\u1e9b\u0323", "\uff1cＡ\u0301\u1e9b\u0323"),
    ],
)
def test_bounded_text_loses_the_white_space_around_it_and_nothing_else(sent: str, stored: str) -> None:
    assert bounded(sent, longest=100, field="content") == stored


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u3000\u00a0\u2028"])
def test_blank_text_is_a_mistake_where_something_is_required(text: str) -> None:
    with pytest.raises(Mistake) as mistake:
        bounded(text, longest=10, field="name")
    assert (mistake.value.code, mistake.value.field) == (MistakeCode.BLANK, ["input", "name"])
    assert bounded(text, longest=10, field="name", required=False) == ""


@pytest.mark.parametrize("sign", ["a", "안", "😀"])
def test_length_is_counted_in_characters_to_the_very_last(sign: str) -> None:
    assert bounded(f" {sign * 10} ", longest=10, field="name") == sign * 10
    with pytest.raises(Mistake, match="name has 11 characters; 10 are allowed") as mistake:
        bounded(sign * 11, longest=10, field="name")
    assert (mistake.value.code, mistake.value.field) == (MistakeCode.TOO_LONG, ["input", "name"])


@pytest.mark.parametrize("key", [None, "k", "k" * 64, "안" * 64, " a key with spaces inside "])
def test_a_client_key_stays_as_it_was_sent(key: str | None) -> None:
    assert client_key(key, "clientMessageId") == key


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", MistakeCode.BLANK),
        ("  ", MistakeCode.BLANK),
        ("k" * 65, MistakeCode.TOO_LONG),
        (" " + "k" * 64, MistakeCode.TOO_LONG),
        ("k" * 64 + " ", MistakeCode.TOO_LONG),
    ],
)
def test_a_client_key_that_cannot_be_remembered_is_a_mistake(key: str, code: MistakeCode) -> None:
    with pytest.raises(Mistake) as mistake:
        client_key(key, "clientMessageId")
    assert (mistake.value.code, mistake.value.field) == (code, ["input", "clientMessageId"])


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("abc", 3),
        ("한글", 2),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 2),  # the same, as macOS names files
        ("👩\u200d👩\u200d👧👍🏽❤\ufe0f", 3),
        ("🇰🇷" * 3, 3),
        ("🇰🇷🇰", 2),
        ("a🇰🇷\u0301🇰", 3),
        ("e\u0301" * 5, 5),
        ("a" + "\u0300" * 5000, 1),
        ("क्षि", 1),
        ("\r\n\n", 2),
    ],
)
def test_characters_are_those_that_people_see(text: str, characters: int) -> None:
    assert graphemes(text) == characters


@pytest.mark.parametrize(
    "text", ["x" * 10, "안" * 10, "😀" * 10, "\u1112\u1161" * 6, "e\u0301" * 10, "👩\u200d👩\u200d👧" * 2, "a" + "\u0300" * 19]
)
def test_words_of_few_characters_are_taken_however_they_are_composed(text: str) -> None:
    assert written(f" {text}\n", longest=10, field="content") == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 11, "content has 11 characters; 10 are allowed"),
        ("e\u0301" * 11, "content has 11 characters; 10 are allowed"),
        ("a" + "\u0300" * 20, "content has 41 bytes in UTF-8; 40 are allowed"),
        ("👩\u200d👩\u200d👧" * 3, "content has 54 bytes in UTF-8; 40 are allowed"),
    ],
)
def test_words_too_long_are_a_mistake_by_the_measure_they_exceed(text: str, says: str) -> None:
    with pytest.raises(Mistake, match=says) as mistake:
        written(text, longest=10, field="content")
    assert (mistake.value.code, mistake.value.field) == (MistakeCode.TOO_LONG, ["input", "content"])


@given(st.text(max_size=40), st.integers(1, 40))
def test_no_words_are_refused_that_have_few_enough_code_points(text: str, longest: int) -> None:
    trimmed = text.strip()
    if "\x00" not in text and 0 < len(trimmed) <= longest:
        assert written(text, longest=longest, field="content") == trimmed
