"""What the examples for frameworks have in common: one import, and sentences for the same codes."""

from __future__ import annotations

import re

import pytest

from tests.support.error_codes import page_codes
from tests.support.stack import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
OWN_LIST = ("react/useOssUpload.jsx", "html/index.html")  # the others hand an error to a framework's list
FRAMEWORKS_LIST = ("antd/OssUpload.jsx", "element-plus/useOssRequest.js")
IMPORT = re.compile(r"^ *import .* from '([^']+)';", re.MULTILINE)
FILES = (*OWN_LIST, *FRAMEWORKS_LIST, "vue/useOssUpload.js")


def codes(name: str) -> list[set[str]]:
    """Return the codes of each list of sentences in a file, one list for each language."""
    lists = re.findall(r"\{([^{}]*\bnetwork:[^{}]*)\}", (EXAMPLES / name).read_text())
    return [set(re.findall(r"^ *(\w+):(?: |$)", one, re.MULTILINE)) for one in lists]


@pytest.mark.parametrize("name", FILES)
def test_an_example_is_one_file_beside_upload_js(name: str) -> None:
    imported = IMPORT.findall((EXAMPLES / name).read_text())
    assert "./upload.js" in imported
    assert {*imported} <= {"./upload.js", "antd", "react", "vue"}


@pytest.mark.parametrize("names", [OWN_LIST, FRAMEWORKS_LIST], ids=["own-list", "frameworks-list"])
def test_the_sentences_are_about_the_same_codes_in_each_language(names: tuple[str, ...]) -> None:
    first, *others = [one for name in names for one in codes(name)]
    assert others == [first] * len(others)
    assert "type_not_allowed" in first
    assert first <= page_codes()
