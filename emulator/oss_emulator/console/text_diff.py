"""Text for the page at `/-/`: escaped as HTML, invisible characters named, differences marked. Pure.

The characters themselves stay in the page, so a text that is copied from it is the text that was sent. The
style sheet shows their names beside them.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import groupby, islice, takewhile
from urllib.parse import unquote

from markupsafe import Markup, escape

MAX_ALIGNED_CHARACTERS = 400  # the time to compare two texts character by character grows with the square
MIN_SIMILARITY = 0.5  # below this similarity, marking single equal letters would only confuse

Run = tuple[bool, str, str]  # whether the two texts are equal here, and the piece of each

MAX_NAMED_CHARACTERS = 256  # in one text: nobody reads binary data here, and a name takes 50 times the space

_SURROGATES = range(0xD800, 0xE000)
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # what the error handler surrogateescape makes of bytes
_NAMES = {"\t": "TAB", "\r": "CR", "\0": "NUL", " ": "SP"}
_ALLOWED_CONTROLS = "\t\r"  # the only control characters, besides the line feed, that HTML can contain


def decode_text(content: bytes) -> str:
    """Decode UTF-8; an invalid byte becomes a lone surrogate, which `show_invisible` shows as 0xFF, say."""
    return content.decode(errors="surrogateescape")


def show_invisible(text: str, *, spaces: bool = False) -> Markup:
    """Return `text` as HTML in which every invisible character is named; with `spaces` also spaces."""
    if text.isprintable() and not spaces:
        return escape(text)

    def prints(character: str) -> bool:
        return character.isprintable() and not (spaces and character == " ")

    pieces: list[Markup] = []
    shown, left = 0, MAX_NAMED_CHARACTERS
    for plain, run in groupby(text, prints):
        part = "".join(run)
        part, left = (part, left) if plain else (part[:left], left - len(part))
        pieces += [escape(part)] if plain else map(_name_character, part)
        shown += len(part)
        if left <= 0 and shown < len(text):
            pieces.append(Markup("<b>… ({} more characters)</b>").format(len(text) - shown))
            break
    return Markup().join(pieces)


def show_invisible_lines(text: str) -> Markup:
    """Return our own text as HTML; its line ends are not named."""
    return Markup("\n").join(show_invisible(line) for line in text.split("\n"))


def describe_character(character: str) -> str:
    """Return a character with its code point and name, such as `“a” U+0061 LATIN SMALL LETTER A`."""
    shown = f"“{character}” " if character.isprintable() and not character.isspace() else ""
    return f"{shown}{_code_point(character)} {unicodedata.name(character, '')}".strip()


@dataclass(frozen=True)
class Difference:
    """Two texts as HTML with their differences marked, and sentences about them. None is an unknown text."""

    expected: Markup | None
    got: Markup | None
    sentences: tuple[str, ...] = ()


def difference(expected: str, got: str, *, start_only: bool = False) -> Difference:
    """Compare two texts; with `start_only`, `got` only needs to begin with `expected`."""
    prefix = _common_prefix_length(expected, got)
    sentences = _sentences(expected, got, prefix, start_only=start_only)
    if not sentences:
        return Difference(show_invisible(expected), show_invisible(got))
    runs = _start_runs(expected, got, prefix) if start_only else _runs(expected, got, prefix)
    shown = [
        (show_invisible(one), show_invisible(other)) if same else (_marked(one), _marked(other))
        for same, one, other in runs
    ]
    return Difference(
        Markup().join(one for one, _ in shown), Markup().join(other for _, other in shown), sentences
    )


def _common_prefix_length(one: Iterable[str], other: Iterable[str]) -> int:
    """Return the number of equal characters at the start of two texts."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _start_runs(expected: str, got: str, prefix: int) -> Iterator[Run]:
    end = max(prefix, len(expected))
    yield True, expected[:prefix], got[:prefix]
    yield False, expected[prefix:], got[prefix:end]
    yield True, "", got[end:]


def _runs(expected: str, got: str, prefix: int) -> Iterator[Run]:
    """Yield the equal and the different pieces: all differences of short similar texts, else one."""
    if max(len(expected), len(got)) <= MAX_ALIGNED_CHARACTERS:
        found = SequenceMatcher(None, expected, got, autojunk=False)
        if found.ratio() > MIN_SIMILARITY:
            for kind, one, one_end, other, other_end in found.get_opcodes():
                yield kind == "equal", expected[one:one_end], got[other:other_end]
            return
    same = _common_prefix_length(reversed(expected[prefix:]), reversed(got[prefix:]))
    one_end, other_end = len(expected) - same, len(got) - same
    yield True, expected[:prefix], got[:prefix]
    yield False, expected[prefix:one_end], got[prefix:other_end]
    yield True, expected[one_end:], got[other_end:]


def _sentences(expected: str, got: str, prefix: int, *, start_only: bool) -> tuple[str, ...]:
    if expected == got or (start_only and got.startswith(expected)):
        return ()
    if prefix == len(expected):
        here = "expected ends there"
    elif prefix == len(got):
        here = "got ends there"
    else:
        here = f"expected {describe_character(expected[prefix])}, got {describe_character(got[prefix])}"
    hints = (hint for hint, alike in _HINTS.items() if alike(expected) == alike(got))
    return (f"They part at character {prefix + 1}: {here}.", *islice(hints, 1))


# Usual reasons why two texts look alike: each function makes such texts equal.
_HINTS: Mapping[str, Callable[[str], str]] = {
    "Only white space at the ends differs.": str.strip,
    "Only letter case differs.": str.casefold,
    "Only the kind of white space differs.": lambda text: "".join(" " if c.isspace() else c for c in text),
    "One of them is percent-encoded.": unquote,
    "One text in two Unicode normal forms (NFC and NFD).": lambda text: unicodedata.normalize("NFC", text),
    "Only invisible characters differ.": lambda text: "".join(filter(str.isprintable, text)),
    "They look alike in compatible forms (NFKC), such as full-width letters.": lambda text: (
        unicodedata.normalize("NFKC", text)
    ),
}


def _marked(text: str) -> Markup:
    if not text:
        return Markup('<mark class="nothing" title="nothing here"></mark>')
    return Markup("<mark>{}</mark>").format(show_invisible(text, spaces=True))


@lru_cache(maxsize=1024)  # a page may name one character tens of thousands of times
def _name_character(character: str) -> Markup:
    if character == "\n":
        return Markup('<i class="line">\n</i>')
    sent = character if _html_allows(character) else ""
    title = unicodedata.name(character, "")
    return Markup('<i class="unseen" data-name="{}" title="{}">{}</i>').format(
        _NAMES.get(character, _code_point(character)), title, Markup("&#13;") if sent == "\r" else sent
    )


def _html_allows(character: str) -> bool:
    if ord(character) in _SURROGATES:
        return False
    return character in _ALLOWED_CONTROLS or unicodedata.category(character) != "Cc"


def _code_point(character: str) -> str:
    number = ord(character)
    if number in _ESCAPED_BYTES:
        return f"0x{number - 0xDC00:02X}"
    return f"U+{number:04X}"
