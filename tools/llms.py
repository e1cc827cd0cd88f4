"""`make llms`: llms.txt, the list of the documents, and all documents of one language in one file.

llms.txt is committed. `llms-full.txt` and `llms-full.zh.txt` are made when they are wanted. Only the standard
library is imported. Source of the form: https://llmstxt.org.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
# The order of all documents: each pattern adds those that no earlier one has, sorted by name.
ORDER = (
    "README.md",
    "README.zh*.md",
    "docs/**/*.md",
    "emulator/README*.md",
    "emulator/BEHAVIOUR.md",
    "SECURITY.md",
)
DESCRIPTIONS = "docs/openapi/*.yaml"
CHINESE = re.compile(r"\.zh(-CN)?\.md$|/zh/")
LINK = re.compile(r'(\]\(|\b(?:src|srcset|href)=")([^)\s"]+)')
ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|#")  # an address, or an anchor of the same document
SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)|。)")


class Language(NamedTuple):
    """The heading of a language in llms.txt, the file that has all its documents, and which they are."""

    heading: str
    whole: str
    has: Callable[[str], bool]


LANGUAGES = (
    Language("Documents", "llms-full.txt", lambda name: not CHINESE.search(name)),
    Language("中文文档", "llms-full.zh.txt", lambda name: bool(CHINESE.search(name))),
)


def documents(folder: Path) -> dict[str, str]:
    """Return the text of each document by its path, in order."""
    names = (
        path.relative_to(folder).as_posix() for pattern in ORDER for path in sorted(folder.glob(pattern))
    )
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


def title(text: str) -> str:
    """Return a document's first heading, or an empty text."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def introduction(text: str) -> str:
    """Return a document's first paragraph that is neither a link, a picture, a list nor code, in one line."""
    paragraphs = (" ".join(block.split()) for block in text.split("\n\n"))
    return next((one for one in paragraphs if re.match(r"(\w|\*\*)", one)), "")


def sentence(paragraph: str) -> str:
    """Return the first sentence of a paragraph."""
    found = SENTENCE.match(paragraph)
    return found[0] if found else paragraph


def listing(folder: Path) -> str:
    """Return llms.txt."""
    known = documents(folder)
    readme = known["README.md"]
    lines = [f"# {title(readme)}", "", f"> {introduction(readme)}", ""]
    lines += [
        "`make llms` writes all documents of a language into one file: llms-full.txt, llms-full.zh.txt."
    ]
    for language in LANGUAGES:
        lines += ["", f"## {language.heading}", ""]
        lines += [
            f"- [{title(text)}]({name}): {sentence(introduction(text))}"
            for name, text in known.items()
            if language.has(name)
        ]
    lines += ["", "## OpenAPI 3.1", ""]
    for path in sorted(folder.glob(DESCRIPTIONS)):
        said = dict(re.findall(r"^  (title|summary): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        lines.append(f"- [{said['title']}]({path.relative_to(folder).as_posix()}): {said['summary']}")
    return "\n".join(lines) + "\n"


def joined(known: Mapping[str, str]) -> str:
    """Return documents as one; their links lead to each other in it, or to files of the repository."""
    parts = (f"<!-- {name} -->\n\n{relinked(name, known).strip()}\n" for name in known)
    return "\n".join(parts)


def relinked(name: str, known: Mapping[str, str]) -> str:
    """Return a document with the links that it has as a part of all `known` ones. Code stays as it is."""

    def target(found: re.Match[str]) -> str:
        link = found[2]
        if ELSEWHERE.match(link):
            return found[0]
        path, _, anchor = link.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
        if path in known:
            return f"{found[1]}#{anchor or slug(title(known[path]))}"
        return f"{found[1]}{path}{f'#{anchor}' if anchor else ''}"

    return "".join(part if is_code else LINK.sub(target, part) for part, is_code in split_code(known[name]))


def split_code(text: str) -> Iterable[tuple[str, bool]]:
    """Yield the parts of a document, and whether each is a block of code."""
    for number, part in enumerate(re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)):
        yield part, number % 2 == 1


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def write(folder: Path, target: Path) -> None:
    """Write llms.txt and the joined documents of `folder` into `target`."""
    (target / "llms.txt").write_text(listing(folder), encoding="utf-8")
    known = documents(folder)
    for language in LANGUAGES:
        chosen = {name: text for name, text in known.items() if language.has(name)}
        (target / language.whole).write_text(joined(chosen), encoding="utf-8")


if __name__ == "__main__":
    write(REPOSITORY, Path(sys.argv[1]) if sys.argv[1:] else REPOSITORY)
