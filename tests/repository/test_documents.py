"""The documents are short where they must be, and say the same in both languages."""

from __future__ import annotations

import re

import pytest

from grants.settings import DEFAULT_MULTIPART_BYTES, LARGEST_BYTES
from tests.support.readme import DOCUMENTS, PAGES, READMES, text_of
from tests.support.stack import REPOSITORY

MOST_LINES_OF_A_README = 200
OTHERS = ("SECURITY.md", "CHANGELOG.md", "emulator/README.md", "emulator/BEHAVIOUR.md")
SEARCHED = (  # what people search by, in both languages
    "服务端签名后直传",
    "PostObject",
    "表单上传",
    "上传回调",
    "回调验签",
    "STS",
    "小程序直传",
    "分片上传",
    "断点续传",
    "跨域",
    "AccessDenied",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "CallbackFailed",
    "V1",
    "PublicEndpointForbidden",
    "SNI",
)
SEARCHED_IN = {
    "en": [*SEARCHED, "CORS error", "custom domain", "download"],
    "zh": [*SEARCHED, "CORS error", "自定义域名", "变成下载"],
}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HASH_COMMENT, SLASH_COMMENT = re.compile(r"\s+# .*"), re.compile(r"\s+// .*")


def prose(name: str) -> str:
    """Return a document without its blocks of code."""
    return FENCE.sub("", text_of(name))


def headings(name: str) -> list[int]:
    """Return the level of each heading."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(name), re.MULTILINE)]


def codes(text: str) -> list[str]:
    """Return the code in a piece of text, in any order: languages order words in their own ways."""
    return sorted(re.findall(r"`([^`\n]+)`", text))


def tables(name: str) -> list[list[tuple[int, list[str]]]]:
    """Return every table: for each row the number of its cells and the code in it."""
    found = re.findall(r"(?:^ *\|.*\|\n)+", prose(name), re.MULTILINE)
    return [
        [(re.sub(r"`[^`\n]*`", "", row).count("|"), codes(row)) for row in table.splitlines()]
        for table in found
    ]


def blocks(name: str) -> list[tuple[str, str]]:
    """Return the language and the code of each block, without comments and what only people read in it."""
    return [
        (language, SLASH_COMMENT.sub("", HASH_COMMENT.sub("", code)))
        for _, language, code in FENCE.findall(text_of(name))
    ]


def links(name: str) -> list[str]:
    """Return the files that a document links to, in any order, under their English names."""
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", prose(name))
    return sorted(one.replace(".zh.md", ".md").replace(".zh-CN.md", ".md") for one in targets)


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_is_short(readme: str) -> None:
    assert len(text_of(readme).splitlines()) <= MOST_LINES_OF_A_README


@pytest.mark.parametrize(("english", "chinese"), DOCUMENTS)
def test_a_document_exists_in_both_languages(english: str, chinese: str) -> None:
    assert (REPOSITORY / english).is_file()
    assert (REPOSITORY / chinese).is_file()


def test_no_page_is_in_chinese_only() -> None:
    assert len(PAGES) * 2 == len(list((REPOSITORY / "docs").glob("*.md")))


@pytest.mark.parametrize(("english", "chinese"), DOCUMENTS)
def test_both_languages_have_the_same_headings(english: str, chinese: str) -> None:
    assert headings(chinese) == headings(english)


@pytest.mark.parametrize(("english", "chinese"), DOCUMENTS)
def test_both_languages_have_the_same_tables(english: str, chinese: str) -> None:
    assert tables(chinese) == tables(english)


@pytest.mark.parametrize(("english", "chinese"), DOCUMENTS)
def test_both_languages_have_the_same_code(english: str, chinese: str) -> None:
    assert blocks(chinese) == blocks(english)


@pytest.mark.parametrize(("english", "chinese"), PAGES)
def test_both_languages_link_to_the_same_pages(english: str, chinese: str) -> None:
    assert links(chinese) == links(english)


@pytest.mark.parametrize("picture", ["sequence.svg"])
def test_both_languages_of_a_drawing_differ_in_words_only(picture: str) -> None:
    english, chinese = (
        re.sub(r">[^<>\n]+<|lang=\"[^\"]+\"", "><", text_of(f"docs/{name}"))
        for name in (picture, picture.replace(".svg", ".zh.svg"))
    )
    assert chinese == english
    assert "prefers-color-scheme: dark" in english


@pytest.mark.parametrize(("english", "chinese"), PAGES)
def test_the_readme_links_to_every_page(english: str, chinese: str) -> None:
    assert f"]({english})" in text_of("README.md")
    assert f"]({chinese})" in text_of("README.zh-CN.md")


@pytest.mark.parametrize("readme", READMES)
def test_the_code_of_a_readme_is_that_of_a_page(readme: str) -> None:
    """There it is run."""
    pages = {code for pair in PAGES for name in pair for _, _, code in FENCE.findall(text_of(name))}
    shown = [code for _, language, code in FENCE.findall(text_of(readme)) if "git clone" not in code]
    assert len(shown) == 3
    assert [code for code in shown if code not in pages] == []


@pytest.mark.parametrize("name", [*(name for pair in DOCUMENTS for name in pair), *OTHERS])
def test_every_target_of_make_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))
    parts = {f"test-{path.name}" for path in (REPOSITORY / "tests").iterdir() if path.is_dir()}
    code = [code for _, _, code in FENCE.findall(text_of(name))]
    named = re.findall(r"`make(?:\n| )(?:-s )?([a-z-]+)", prose(name)) + re.findall(
        r"(?:^|\()make (?:-s )?([a-z-]+)", "".join(code), re.MULTILINE
    )
    assert set(named) <= targets | parts


@pytest.mark.parametrize(("language", "column"), [("en", 0), ("zh", 1)])
def test_what_people_search_by_stands_in_headings(language: str, column: int) -> None:
    found = "\n".join(
        heading for pair in DOCUMENTS for heading in re.findall(r"^#+ .+$", prose(pair[column]), re.MULTILINE)
    ).lower()
    assert [words for words in SEARCHED_IN[language] if words.lower() not in found] == []


@pytest.mark.parametrize("name", ["docs/operate.md", "docs/operate.zh.md"])
def test_the_queries_name_what_the_functions_log(name: str) -> None:
    code = "".join(path.read_text() for path in (REPOSITORY / "functions").rglob("*.py"))
    queries = re.findall(
        r"\| `([^`|]+)` (?:\|$)?", "\n".join(re.findall(r"^\|.*\|$", prose(name), re.MULTILINE))
    )
    words = {word for query in queries for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", query)}
    assert {"not_started", "ticket_forged", "backend_failed"} <= words
    assert [word for word in sorted(words) if word not in code] == []


@pytest.mark.parametrize("name", ["docs/operate.md", "docs/operate.zh.md"])
def test_the_costs_are_those_of_the_benchmarks(name: str) -> None:
    costs = re.findall(r"(\d+\.\d\d) (?:CNY|元)", prose(name))
    assert len(costs) == 2
    assert all(f"| {cost} |" in text_of("docs/benchmarks.md") for cost in costs)


@pytest.mark.parametrize("name", [*READMES, "docs/troubleshooting.md", "docs/troubleshooting.zh.md"])
def test_the_largest_file_is_that_of_the_code(name: str) -> None:
    assert f"{LARGEST_BYTES // 1024**3} GiB" in prose(name)
    threshold = f"{DEFAULT_MULTIPART_BYTES // 1024**2} MiB"
    assert any(threshold in line and "`MULTIPART_BYTES`" in line for line in prose(name).splitlines())


@pytest.mark.parametrize("document", ["CHANGELOG.md", "emulator/BEHAVIOUR.md"])
def test_a_document_of_both_websites_links_no_anchor_of_another(document: str) -> None:
    """Its links lead to the pages of each language, whose headings differ."""
    assert re.findall(r"\]\([^)]*\.md#[^)]*\)", (REPOSITORY / document).read_text()) == []
