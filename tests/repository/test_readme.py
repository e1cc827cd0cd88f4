"""What the documents say of settings, refusals and files is what the code has."""

from __future__ import annotations

import re

import pytest

from tests.support.error_codes import refusals
from tests.support.readme import READMES, both, rows, text_of
from tests.support.stack import REPOSITORY

CREDENTIALS = {f"ALIBABA_CLOUD_{part}" for part in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")}
SETTINGS = {
    "token": "functions/token/grants/settings.py",
    "callback": "functions/callback/completion/settings.py",
}


@pytest.mark.parametrize("readme", both("settings"))
@pytest.mark.parametrize(("function", "column"), [("token", 1), ("callback", 2)])
def test_the_settings_table_lists_what_a_function_reads(readme: str, function: str, column: int) -> None:
    read = set(re.findall(r'read\.take\(\s*"(\w+)"', text_of(SETTINGS[function])))
    listed = [re.findall(r"`([A-Z0-9_]+)`", cells[0]) for cells in rows(readme, 4) if cells[column] == "x"]
    assert {name for names in listed for name in names} == read | CREDENTIALS


@pytest.mark.parametrize("readme", both("http-api"))
def test_the_refusals_table_lists_every_code_an_outsider_meets(readme: str) -> None:
    listed = {code for cells in rows(readme, 3) for code in re.findall(r"`([a-z_]+)`", cells[1])}
    assert listed == {one.public_code for one in refusals()}


@pytest.mark.parametrize("readme", both("stand-in"))
def test_the_options_table_lists_what_make_oss_reads(readme: str) -> None:
    named = {
        name
        for module in ("local/oss_options", "local/launcher", "emulator/oss_emulator/development")
        for name in re.findall(r'"(LOCAL_\w+)"', text_of(f"{module}.py"))
    }
    one_buckets_own = {"LOCAL_OSS_BUCKET", "LOCAL_OSS_FOLDER", "LOCAL_OSS_NEIGHBOURS"}
    listed = [name for cells in rows(readme, 2) for name in re.findall(r"`(LOCAL_[A-Z0-9_]+)`", cells[0])]
    assert sorted(listed) == sorted(named - one_buckets_own)


@pytest.mark.parametrize("readme", both("contributing"))
def test_every_path_the_map_names_exists(readme: str) -> None:
    files = [re.findall(r"`([^`]+)`", " ".join(cells)) for cells in rows(readme, 2) if "`" in cells[0]]
    mapped = [(folder, names) for folder, *names in files if not folder.startswith("make ")]
    assert len(mapped) > 20
    for folder, names in mapped:
        assert any(REPOSITORY.glob(folder)), folder
        for name in names:
            if re.fullmatch(r"\w[\w/-]*(?:\.\w+|/)", name, re.ASCII):
                assert any(REPOSITORY.glob(f"{folder}/{name}")), f"{folder}/{name}"


@pytest.mark.parametrize("readme", READMES)
def test_every_picture_is_there(readme: str) -> None:
    pictures = re.findall(r'<img src="([^"]+)"', text_of(readme))
    assert len(pictures) == 3
    assert all((REPOSITORY / picture).is_file() for picture in pictures)
