"""How the page at /-/ shows invisible characters, and the differences of two texts."""

from __future__ import annotations

import json

import pytest

from tests.support.emulator.page_reader import called_back, marks, page, refuse, section
from tests.support.emulator.scene import Scene


def compare(scene: Scene, expected: str, got: str, operator: str = "eq") -> tuple[str, str, str]:
    """How the page shows a failed condition: both texts, their marks as [ ], and the sentence below."""
    condition = json.dumps([operator, "$key", expected])
    refuse(scene, explanation={"condition": condition, "field": "key", "expected": expected, "got": got})
    (why,) = page(scene).all("div", class_="why")
    sides = [one.all("pre")[0] for one in why.all("div", class_="expected") + why.all("div", class_="got")]
    return marks(sides[0]), marks(sides[1]), " ".join(one.words for one in why.all("p", class_="parts"))


@pytest.mark.parametrize(
    ("expected", "got", "sides"),
    [
        ("a/b.jpg", "a/c.jpg", ("a/[b].jpg", "a/[c].jpg")),
        ("photo/a b.jpg", "photo/a\u00a0b.JPG", ("photo/a[ SP]b.[jpg]", "photo/a[\u00a0U+00A0]b.[JPG]")),
        ("abc", "abcd", ("abc[]", "abc[d]")),
        ("abcd", "abc", ("abc[d]", "abc[]")),
        ("abcd", "xbyz", ("[abcd]", "[xbyz]")),
        ("same", "same", ("same", "same")),
        ("a", "", ("[a]", "[]")),
    ],
)
def test_marks_where_two_texts_part(scene: Scene, expected: str, got: str, sides: tuple[str, str]) -> None:
    assert compare(scene, expected, got)[:2] == sides


@pytest.mark.parametrize(
    ("expected", "got", "sentence"),
    [
        ("ab", "aX", "2: expected “b” U+0062 LATIN SMALL LETTER B, got “X” U+0058 LATIN CAPITAL LETTER X."),
        ("a b", "a\tb!", "2: expected U+0020 SPACE, got U+0009."),
        ("图b", "图", "2: got ends there."),
        ("图", "图b", "2: expected ends there."),
    ],
)
def test_says_where_two_texts_part(scene: Scene, expected: str, got: str, sentence: str) -> None:
    assert compare(scene, expected, got)[2] == f"They part at character {sentence}"


def test_says_nothing_of_texts_that_are_equal(scene: Scene) -> None:
    assert compare(scene, "same", "same")[2] == ""


@pytest.mark.parametrize(
    ("expected", "got", "hint"),
    [
        ("a.jpg", "a.jpg ", "Only white space at the ends differs."),
        ("A.JPG", "a.jpg", "Only letter case differs."),
        ("a/b", "a%2Fb", "One of them is percent-encoded."),
        ("e\u0301tude", "\u00e9tude", "One text in two Unicode normal forms (NFC and NFD)."),
        ("a b", "a\u00a0b", "Only the kind of white space differs."),
        ("abcdef", "abc\u200bdef", "Only invisible characters differ."),
        ("abc1", "abc\uff11", "They look alike in compatible forms (NFKC), such as full-width letters."),
    ],
)
def test_says_how_two_texts_look_alike(scene: Scene, expected: str, got: str, hint: str) -> None:
    assert compare(scene, expected, got)[2].endswith(f". {hint}")


def test_starts_with_is_compared_only_up_to_its_length(scene: Scene) -> None:
    expected, got, _ = compare(scene, "image/", "text/plain", "starts-with")

    assert (expected, got) == ("[image/]", "[text/p]lain")


def test_long_texts_are_compared_without_effort(scene: Scene) -> None:
    expected, got, _ = compare(scene, "a" * 2000 + "b" + "c" * 2000, "a" * 2000 + "d" + "c" * 2000)

    assert (expected, got) == ("a" * 2000 + "[b]" + "c" * 2000, "a" * 2000 + "[d]" + "c" * 2000)


def test_names_invisible_characters_and_keeps_them_for_copying(scene: Scene) -> None:
    refuse(scene, explanation={"note": "a\u200b\u202eb\tc\r\n\x00\x85\ud800d\u3000"})

    (pre,) = section(scene, "refusals").all("div", class_="box")[0].all("pre")

    assert marks(pre) == "a\u200bU+200B\u202eU+202Eb\tTABc\rCR\nNULU+0085U+D800d\u3000U+3000"


def test_only_the_first_256_invisible_characters_are_named(scene: Scene) -> None:
    refuse(scene, explanation={"note": "a" + "\x00" * 1000})

    (pre,) = section(scene, "refusals").all("div", class_="box")[0].all("pre")

    assert marks(pre) == "a" + "NUL" * 256 + "… (744 more characters)"


def test_a_byte_that_is_not_utf_8_is_shown_in_hex(scene: Scene) -> None:
    scene.bucket.history.add_callback(called_back(b"a=%FF%00", "application/x-www-form-urlencoded"))

    (row,) = section(scene, "callbacks").all("table")[0].all("tr")

    assert marks(row.all("td")[0]).strip() == "0xFFNUL"
