"""What `make package` makes is small, the same each time, complete, and runs alone."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.function_zip import (
    FOR_SIGN_IN,
    FUNCTIONS,
    RUNTIMES,
    Package,
    budget_bytes,
    build,
    content_hash,
    interpreter,
    zipped,
)
from deploy.package import main
from tests.support.fc_events import fc_event

HERE = "python{}.{}".format(*sys.version_info)  # the Python of this run, as a runtime
REPOSITORY = Path(__file__).parent.parent.parent
ENVIRONMENT = {
    "UPLOAD_BUCKET": "examplebucket",
    "OSS_REGION": "cn-hangzhou",
    "UPLOAD_HOST": "https://upload.example.com",
    "CALLBACK_URL": "https://callback.example.com",
    "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
    "ALLOWED_ORIGINS": "https://www.example.com",
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "access-key-id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "access-key-secret",
}
ANYONE = {"ALLOW_ANONYMOUS": "true", "MAX_BYTES": "1048576"}
USERS = {
    "AUTH_HS256_SECRET": "a-secret-of-an-identity-provider-of-ours",
    "AUTH_ISSUER": "https://id.example.com/",
    "AUTH_AUDIENCE": "https://uploads.example.com",
}
GRANT = fc_event(query={"name": "a.txt", "size": "5", "type": "text/plain"})


@pytest.fixture(scope="module")
def built() -> dict[str, Package]:
    """Return what this run's own Python can load: each function, and token for users who sign in."""
    made = {function: build(function, HERE, sign_in=False) for function in FUNCTIONS}
    return {**made, "signed": build("token", HERE, sign_in=True)}


def files_of(package: Package) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package.content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def run_alone(folder: Path, package: Package, script: str, environ: dict[str, str]) -> str:
    """Run a script with nothing to import but the unpacked zip and the standard library."""
    with zipfile.ZipFile(io.BytesIO(package.content)) as opened:
        opened.extractall(folder)
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {script}"],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return finished.stdout.splitlines()[-1]


def answer_of(event: bytes) -> str:
    return f"import main; print(main.handler({event!r}, None)['statusCode'])"


def test_token_runs_alone(built: dict[str, Package], tmp_path: Path) -> None:
    assert run_alone(tmp_path, built["token"], answer_of(GRANT), {**ENVIRONMENT, **ANYONE}) == "200"


def test_token_with_sign_in_runs_alone(built: dict[str, Package], tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer e30.e30.e30"}
    event = fc_event(query={"name": "a.txt", "size": "5", "type": "text/plain"}, headers=headers)
    assert run_alone(tmp_path, built["signed"], answer_of(event), {**ENVIRONMENT, **USERS}) == "401"


def test_token_without_what_sign_in_needs_says_so(built: dict[str, Package], tmp_path: Path) -> None:
    assert run_alone(tmp_path, built["token"], answer_of(GRANT), {**ENVIRONMENT, **USERS}) == "500"


def test_callback_runs_alone(built: dict[str, Package], tmp_path: Path) -> None:
    event = fc_event("/confirm", method="POST", body=json.dumps({"ticket": "e30.e30"}))
    assert run_alone(tmp_path, built["callback"], answer_of(event), ENVIRONMENT) == "403"


def test_callback_verifies_a_genuine_signature_alone(built: dict[str, Package], tmp_path: Path) -> None:
    capture = json.loads((REPOSITORY / "tests/vectors/callback.json").read_text())["valid"][0]
    script = (
        "import base64, receiving, rsa_md5; verify = rsa_md5.verifier(receiving.PUBLISHED_PEM); "
        f"signature = base64.b64decode({capture['authorization']!r}); "
        f"print(verify(signature, {capture['string_to_sign'].encode()!r}), verify(signature, b'another'))"
    )
    assert run_alone(tmp_path, built["callback"], script, ENVIRONMENT) == "True False"


def test_callback_can_speak_https_alone(built: dict[str, Package], tmp_path: Path) -> None:
    script = "import os, requests; print(os.path.isfile(requests.certs.where()))"
    assert run_alone(tmp_path, built["callback"], script, ENVIRONMENT) == "True"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_same_tree_gives_the_same_bytes_for_either_runtime(function: str, runtime: str) -> None:
    first, second = (build(function, runtime, sign_in=False) for _ in range(2))
    assert first == second
    byte_code = bool(interpreter(runtime))
    assert len(first.content) <= budget_bytes(function, sign_in=False, byte_code=byte_code)
    assert any(name.endswith(".pyc") for name in files_of(first)) is byte_code


def test_byte_code_is_the_same_each_time(built: dict[str, Package]) -> None:
    assert build("token", HERE, sign_in=True) == built["signed"]
    assert build("token", HERE, sign_in=False) == built["token"]


def test_every_module_has_byte_code_that_is_used_without_a_look_at_the_source(
    built: dict[str, Package],
) -> None:
    unchecked_hash = (1).to_bytes(4, "little")  # PEP 552: hash-based, not to be compared
    for package in built.values():
        files = files_of(package)
        modules = {name for name in files if name.endswith(".py")}
        compiled = {name: content for name, content in files.items() if name.endswith(".pyc")}
        assert len(compiled) == len(modules)
        assert {content[4:8] for content in compiled.values()} == {unchecked_hash}


def test_a_package_tells_nothing_of_the_machine_that_made_it(built: dict[str, Package]) -> None:
    for name, package in built.items():
        own = [content for file, content in files_of(package).items() if file.startswith("__pycache__/")]
        assert own, name
        for content in own:
            assert b"/tmp" not in content
            assert str(REPOSITORY).encode() not in content


def test_a_package_holds_the_function_and_nothing_that_it_does_not_run(built: dict[str, Package]) -> None:
    for name, package in built.items():
        function = "callback" if name == "callback" else "token"
        sources = {path.name for path in (REPOSITORY / "functions" / function).glob("*.py")}
        names = set(files_of(package))
        assert sources - names == (set(FOR_SIGN_IN) if name == "token" else set())
        unused = re.compile(r"dist-info|pycparser|^cffi/|^bin/|\.pyi$")
        assert [one for one in names if unused.search(one)] == []
        assert {one for one in names if "/" not in one and one.endswith(".py")} - sources <= {
            "typing_extensions.py"
        }


def test_a_packages_name_changes_with_names_and_contents() -> None:
    first = content_hash({"a": b"bc", "d": b""})
    others = [{"ab": b"c", "d": b""}, {"a": b"bd", "d": b""}, {"a": b"bc"}, {"a": b"bc", "e": b""}]
    assert first == content_hash({"d": b"", "a": b"bc"})
    assert all(content_hash(other) != first for other in others)


def test_a_zip_depends_on_names_and_contents_alone() -> None:
    assert zipped({"b": b"2", "a": b"1"}) == zipped({"a": b"1", "b": b"2"})
    with zipfile.ZipFile(io.BytesIO(zipped({"a": b"1"}))) as opened:
        (entry,) = opened.infolist()
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.external_attr >> 16 == 0o100644


def test_a_name_says_function_and_runtime_as_the_template_wants(built: dict[str, Package]) -> None:
    assert re.fullmatch(rf"token-{re.escape(HERE)}-[0-9a-f]{{32}}\.zip", built["token"].name)


@pytest.mark.parametrize("env", [{"RUNTIME": "python3.11"}, {"SIGN_IN": "yes"}])
def test_a_wrong_option_is_one_sentence(env: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match=r"^(RUNTIME|SIGN_IN) takes "):
        main(env)
