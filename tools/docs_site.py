"""`make docs`: the documents as a website with search, in site/, from both languages; a broken link fails.

mkdocs reads one folder, and the first page and some others lie outside docs/. So this puts a copy of all of
them into `.docs/`, with each link turned to where the copy lies, and calls mkdocs. The site changes languages
by a menu of its own, so the copies have no link to the other language.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
COPY = REPOSITORY / ".docs"
OUTSIDE = {  # documents that lie outside docs/, and their pages
    "README.md": "index.md",
    "README.zh-CN.md": "index.zh.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "LICENSE": "license.md",
    "emulator/README.md": "emulator.md",
    "emulator/README.zh-CN.md": "emulator.zh.md",
    "emulator/BEHAVIOUR.md": "behaviour.md",
}
IN_DOCS = "docs/"
OTHER_LANGUAGE = re.compile(r"^\[(?:中文|English)\]\([^)]+\)\n\n", re.MULTILINE)
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)")
PICTURE = re.compile(r'<img src="([^"]+)" width="(\d+)" alt="([^"]+)">')
CHINESE_PART = "\n# 安全\n"  # SECURITY.md, which readers find by its name, has both languages
QUIET = {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement of mkdocs-material


def turned(text: str, source: str) -> str:
    """Return a document with its links turned to where the copies of their targets lie."""
    folder = posixpath.dirname(source)

    def turn(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        return link[1] + OUTSIDE.get(target, target.removeprefix(IN_DOCS))

    # mkdocs turns the address of a picture of Markdown, and not that of HTML
    return LINK.sub(turn, PICTURE.sub(r"![\3](\1){ width=\2 }", OTHER_LANGUAGE.sub("", text)))


def copy() -> None:
    """Make the folder that mkdocs reads."""
    shutil.rmtree(COPY, ignore_errors=True)
    shutil.copytree(REPOSITORY / "docs", COPY)
    pages = {f"{IN_DOCS}{path.relative_to(COPY)}": path for path in COPY.rglob("*.md")}
    pages |= {source: COPY / page for source, page in OUTSIDE.items()}
    for source, page in pages.items():
        text = turned((REPOSITORY / source).read_text(encoding="utf-8"), source)
        english, heading, chinese = text.partition(CHINESE_PART)
        page.write_text(english, encoding="utf-8")
        if chinese:
            page.with_suffix(".zh.md").write_text(heading + chinese, encoding="utf-8")


def main() -> int:
    """Build the site; return mkdocs' exit status, and show what it says where that is a failure."""
    copy()
    built = subprocess.run(
        [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict"],
        cwd=REPOSITORY,
        env=os.environ | QUIET,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sys.stdout.write(built.stdout if built.returncode else "site/index.html is the first page\n")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
