from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from local.website import Page, add_addresses, write_page

POLICY = "default-src 'none'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'"
HTML = f'<meta content="{POLICY}">'
PAGE = Page("https://token.example.com", "https://callback.example.com", "https://media.example.com/")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text(HTML)
    return folder


def test_both_files_name_the_same_addresses(built: Path, tmp_path: Path) -> None:
    write_page(built, tmp_path / "site", PAGE)
    assert json.loads((tmp_path / "site" / "config.json").read_text()) == {
        "tokenUrl": "https://token.example.com/"
    }
    assert (tmp_path / "site" / "index.html").read_text() == (
        "<meta content=\"default-src 'none'; img-src 'self' blob: data: https://media.example.com; "
        "connect-src 'self' https://token.example.com https://callback.example.com "
        "https://media.example.com; "
        "base-uri 'none'\">"
        '\n  <link rel="preconnect" href="https://token.example.com" crossorigin>'
        '\n  <link rel="preconnect" href="https://media.example.com" crossorigin>'
        '\n  <link rel="preload" href="https://token.example.com/limits" as="fetch" crossorigin>'
        '\n  <meta name="config" content="{&quot;tokenUrl&quot;: &quot;https://token.example.com/&quot;}">'
    )


def test_options_beside_the_built_page_are_kept_but_not_an_address(built: Path, tmp_path: Path) -> None:
    (built / "config.json").write_text('{"autoUpload": true, "tokenUrl": "https://elsewhere.example.com/"}')
    write_page(built, tmp_path / "site", PAGE)
    config = {"autoUpload": True, "tokenUrl": "https://token.example.com/"}
    assert json.loads((tmp_path / "site" / "config.json").read_text()) == config
    (content,) = re.findall('name="config" content="([^"]*)"', (tmp_path / "site/index.html").read_text())
    assert json.loads(html.unescape(content)) == config


def test_the_built_page_stays_as_it_is_and_can_be_written_again(built: Path, tmp_path: Path) -> None:
    for port in (1, 2):
        write_page(built, tmp_path / "site", PAGE._replace(token_url=f"http://127.0.0.1:{port}/"))
    assert (built / "index.html").read_text() == HTML
    assert "127.0.0.1:2" in (tmp_path / "site" / "index.html").read_text()
    assert "127.0.0.1:1 " not in (tmp_path / "site" / "index.html").read_text()


def test_an_origin_is_named_once_and_without_a_path() -> None:
    page = Page("https://a.example.com/token/", "https://a.example.com", "https://b.example.com:8443/x?y#z")
    expected = "connect-src 'self' https://a.example.com https://b.example.com:8443;"
    written = add_addresses(page, HTML, {})
    assert expected in written
    hosts = re.findall('"preconnect" href="([^"]*)"', written)
    assert hosts == ["https://a.example.com", "https://b.example.com:8443"]


def test_an_origin_of_function_and_bucket_is_connected_to_once() -> None:
    written = add_addresses(Page(*["https://a.example.com"] * 3), HTML, {})
    assert written.count("preconnect") == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "token.example.com",
        "ftp://token.example.com",
        "https://",
        "https://*.example.com",
        "https://user@token.example.com",
        "https://a.example.com; script-src *",
        "https://a.example.com,b.example.com",
        'https://a.example.com"><script>',
        "https://a.example.com b.example.com",
        "https://a.example.com\x0chttp:",
        "https://a\\b",
        "https://https:",
        "https://a.example.com:99999999",
        "https://[::1]:9000",
    ],
)
def test_an_address_that_would_say_more_is_refused(address: str) -> None:
    for field in Page._fields:
        with pytest.raises(ValueError, match="not the address"):
            add_addresses(PAGE._replace(**{field: address}), HTML, {})


@pytest.mark.parametrize("document", ["", HTML + HTML])
def test_a_page_without_one_policy_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="no policy"):
        add_addresses(PAGE, document, {})
