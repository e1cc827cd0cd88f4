"""llms.txt lists every document, and the joined documents have all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.stack import REPOSITORY
from tools.llms import LANGUAGES, Language, documents, listing, slug, write

DOCUMENTS = {path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("docs/**/*.md")}


def test_what_is_committed_is_what_the_documents_give() -> None:
    """After a change of documents: make llms."""
    assert (REPOSITORY / "llms.txt").read_text(encoding="utf-8") == listing(REPOSITORY)


def test_every_link_of_the_list_leads_to_a_file() -> None:
    links = re.findall(r"^- \[.+\]\((.+)\): .+$", listing(REPOSITORY), re.MULTILINE)
    assert all((REPOSITORY / link).is_file() for link in links)
    assert set(links) > DOCUMENTS


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("llms")
    write(REPOSITORY, folder)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.whole)
def test_one_file_has_every_document_of_its_language_and_readme_first(
    language: Language, written: dict[str, str]
) -> None:
    whole = written[language.whole]
    names = re.findall(r"^<!-- (\S+\.md) -->$", whole, re.MULTILINE)
    assert names[0].startswith("README")
    assert {name for name in DOCUMENTS if language.has(name)} <= set(names)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.whole)
def test_no_link_to_a_heading_is_lost_in_one_file(language: Language, written: dict[str, str]) -> None:
    whole = written[language.whole]
    anchors = {slug(heading) for heading in re.findall(r"^#+ (.+)$", whole, re.MULTILINE)}
    prose = re.sub(r"^```.*?^```$", "", whole, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"\]\(#([^)\s]+)\)", prose)) <= anchors


def test_a_new_document_is_taken_and_its_code_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "LICENSE").touch()
    (tmp_path / "README.md").write_text("# Top\n\nIt uploads. Well.\n\n[a](docs/a.md) [b](docs/a.md#part)\n")
    (tmp_path / "README.zh-CN.md").write_text("# 顶\n\n上传。很好。\n")
    (tmp_path / "docs" / "a.md").write_text(
        "# A page\n\n[zh](a.zh.md)\n\nOne sentence.\n\n## Part\n\n"
        '[top](../README.md) [l](../LICENSE) <img src="a.png">\n'
        "[out](https://example.com/a.md)\n\n```md\n[code](../LICENSE)\n```\n"
    )
    write(tmp_path, tmp_path)
    assert list(documents(tmp_path)) == ["README.md", "README.zh-CN.md", "docs/a.md"]
    assert (tmp_path / "llms.txt").read_text().splitlines()[:10] == [
        "# Top",
        "",
        "> It uploads. Well.",
        "",
        "`make llms` writes all documents of a language into one file: llms-full.txt, llms-full.zh.txt.",
        "",
        "## Documents",
        "",
        "- [Top](README.md): It uploads.",
        "- [A page](docs/a.md): One sentence.",
    ]
    assert (tmp_path / "llms-full.txt").read_text() == (
        "<!-- README.md -->\n\n# Top\n\nIt uploads. Well.\n\n[a](#a-page) [b](#part)\n\n"
        "<!-- docs/a.md -->\n\n# A page\n\n[zh](docs/a.zh.md)\n\nOne sentence.\n\n## Part\n\n"
        '[top](#top) [l](LICENSE) <img src="docs/a.png">\n[out](https://example.com/a.md)\n\n'
        "```md\n[code](../LICENSE)\n```\n"
    )
    assert "- [顶](README.zh-CN.md): 上传。\n" in (tmp_path / "llms.txt").read_text()
