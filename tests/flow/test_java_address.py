"""The sample in Java signs as the vectors from outside say, and the stand-in takes its addresses."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.engines import missing
from tests.support.environment import clean_environment
from tests.support.sample_backend import settings
from tests.support.stack import REPOSITORY, Stack, code_of

SAMPLE = REPOSITORY / "examples/backend/java/OssAddress.java"
DRIVER = REPOSITORY / "tests" / "support" / "java" / "SignVectors.java"
# those without a header: the sample signs none
VECTORS = [
    one
    for one in json.loads((REPOSITORY / "tests" / "vectors" / "presigned_v4.json").read_text())[
        "v4_presigned"
    ]
    if not one["headers"]
]
CONTENT = b"hello"


def run(*command: str, **environ: str) -> str:
    ended = subprocess.run(
        command,
        env={**clean_environment(), "LC_ALL": "C.UTF-8", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled sample; Java 8 can run it."""
    if not shutil.which("javac"):
        missing("A JDK")
    folder = tmp_path_factory.mktemp("classes")
    run("javac", "-Xlint:-options", "--release", "8", "-d", str(folder), str(SAMPLE))
    run("javac", "-d", str(folder), "-cp", str(folder), str(DRIVER))
    return folder


def test_there_are_vectors_of_every_kind() -> None:
    assert {one["method"] for one in VECTORS} == {"GET", "HEAD", "PUT", "POST", "DELETE"}
    assert any(one["security_token"] for one in VECTORS)
    assert any(not one["key"].isascii() for one in VECTORS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["name"])
def test_it_signs_as_the_vectors_say(vector: dict[str, Any], classes: Path) -> None:
    date = datetime.strptime(f"{vector['date']}+0000", "%Y%m%dT%H%M%SZ%z")
    given = {
        "UPLOAD_HOST": "https://bucket.example.com",
        "UPLOAD_BUCKET": vector["bucket"],
        "OSS_REGION": vector["region"],
        "OSS_ACCESS_KEY_ID": vector["access_key_id"],
        "OSS_ACCESS_KEY_SECRET": vector["secret"],
        "OSS_SESSION_TOKEN": vector["security_token"] or "",
    }
    pairs = [text for pair in given.items() for text in pair]
    query = [text for pair in vector["query"].items() for text in pair]
    said = run(
        *("java", "-cp", str(classes), "SignVectors", str(len(given)), *pairs),
        *(vector["method"], vector["key"], str(vector["expires"]), str(int(date.timestamp())), *query),
    )
    wanted, signed = urlsplit(vector["url"]), urlsplit(said)
    assert (signed.path or "/") == (wanted.path or "/")
    assert sorted(signed.query.split("&")) == sorted(one.removesuffix("=") for one in wanted.query.split("&"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), LOCAL_OSS_DOMAIN="custom")
    yield stack
    stack.end()


@pytest.mark.usefixtures("classes")
def test_its_addresses_read_one_private_file_for_a_minute(stack: Stack) -> None:
    grant = stack.grant("a.png")
    assert stack.send(grant, CONTENT).status_code == 200
    disposition = "attachment; filename*=UTF-8''%E5%9B%BE%E7%89%87.png"
    environ = settings(stack.upload)
    url = run("java", str(SAMPLE), grant["key"], f"response-content-disposition={disposition}", **environ)

    read = requests.get(url, timeout=10)
    assert (read.content, read.headers["Content-Disposition"]) == (CONTENT, disposition)
    assert code_of(requests.get(url.replace("=attachment", "=inline"), timeout=10)) == "SignatureDoesNotMatch"
    stack.fault("clock_offset", seconds=65)
    assert requests.get(url, timeout=10).status_code == 403
