"""What the documents say: their tables, and their commands with the ports of a test's own stack."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.stack import REPOSITORY, Stack

READMES = ("README.md", "README.zh-CN.md")


def both(page: str) -> tuple[str, str]:
    """Return a page of docs/ in both languages."""
    return f"docs/{page}.md", f"docs/{page}.zh.md"


PAGES = tuple(
    (f"docs/{path.name}", f"docs/{path.stem}.zh.md")
    for path in sorted((REPOSITORY / "docs").glob("*.md"))
    if not path.stem.endswith(".zh")
)
DOCUMENTS = ((READMES[0], READMES[1]), *PAGES)  # each in English and in Chinese


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text()


def rows(readme: str, columns: int) -> list[list[str]]:
    lines = re.findall(r"^\|(.*)\|$", text_of(readme), re.MULTILINE)
    split = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [cells for cells in split if len(cells) == columns]


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(readme), re.MULTILINE | re.DOTALL)


def localized(script: str, stack: Stack) -> str:
    """Replace the default ports by those of this run."""
    for default, actual in (("9000", stack.upload), ("9001", stack.token), ("9002", stack.callback)):
        script = script.replace(f"http://127.0.0.1:{default}", actual)
    return script


def shell(script: str, folder: Path) -> str:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
