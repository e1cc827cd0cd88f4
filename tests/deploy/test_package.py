"""What `make package` makes is small, the same each time, complete, and runs alone."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import function_zip
from deploy import package as command
from deploy.function_zip import (
    FOR_SIGN_IN,
    FUNCTIONS,
    NOT_NEEDED,
    RUNTIMES,
    Package,
    budget_bytes,
    build,
    digest_in,
    interpreter,
    names_in,
    zipped,
)
from deploy.package import main
from tests.support.cloud.commands import make
from tests.support.environment import coverage_variables
from tests.support.fc_events import fc_event

INSTALL = function_zip.install
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


OURS = {
    "token": ("authorize.py", "main.py", "grants", "vendored"),
    "callback": ("completion", "hook.py", "main.py", "vendored"),
}


def unpack(requirements: Path, runtime: str, tree: Path) -> None:
    """Run pip as the command does, unmeasured."""
    with pytest.MonkeyPatch.context() as patching:
        for name in coverage_variables():
            patching.delenv(name)
        INSTALL(requirements, runtime, tree)


@pytest.fixture(scope="module", autouse=True)
def install_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Copy what pip unpacked once: it takes a second, and ten where coverage measures it."""
    unpacked: dict[tuple[Path, str], Path] = {}

    def install(requirements: Path, runtime: str, tree: Path) -> None:
        if (requirements, runtime) not in unpacked:
            unpacked[requirements, runtime] = tmp_path_factory.mktemp("unpacked")
            unpack(requirements, runtime, unpacked[requirements, runtime])
        shutil.copytree(unpacked[requirements, runtime], tree, dirs_exist_ok=True)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(function_zip, "install", install)
        yield


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
        "import base64; from completion import callback_keys, rsa_md5; "
        "verify = rsa_md5.verifier(callback_keys.PUBLISHED_PEM); "
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
    for name, made in built.items():
        function = "callback" if name == "callback" else "token"
        folder = REPOSITORY / "functions" / function
        sources = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
        assert {source.split("/")[0] for source in sources} == set(OURS[function])
        names = set(files_of(made))
        assert sources - names == (set(FOR_SIGN_IN) if name == "token" else set())
        unused = re.compile(r"dist-info|pycparser|^cffi/|^bin/|\.pyi$")
        assert [one for one in names if unused.search(one)] == []
        at_root = {one for one in names if "/" not in one and one.endswith(".py")}
        assert at_root - sources <= {"typing_extensions.py"}


def test_of_ours_a_package_holds_exactly_the_function(built: dict[str, Package]) -> None:
    for name, made in built.items():
        function = "callback" if name == "callback" else "token"
        ours = {one.split("/")[0] for one in files_of(made)} & {*OURS["token"], *OURS["callback"]}
        assert ours == set(OURS[function])
        files = files_of(made)
        for one in OURS[function]:
            source = REPOSITORY / "functions" / function / one
            for path in [source] if source.is_file() else source.glob("*.py"):
                packed = path.relative_to(REPOSITORY / "functions" / function).as_posix()
                assert packed in files or packed in FOR_SIGN_IN
                assert files.get(packed, path.read_bytes()) == path.read_bytes()


def test_modules_and_packages_of_your_own_are_packed_and_other_folders_are_not(tmp_path: Path) -> None:
    for name in ("main.py", "yours/__init__.py", "yours/deep/__init__.py", "yours/deep/rule.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".venv/lib/site.py", "venv/lib/site.py", "notes/try.py", "yours/data.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(function_zip.modules_in(tmp_path)) == [
        "main.py",
        "yours/__init__.py",
        "yours/deep/__init__.py",
        "yours/deep/rule.py",
    ]


def test_pip_unpacks_the_same_files_each_time_whatever_this_machine_is(tmp_path: Path) -> None:
    requirements = REPOSITORY / "functions" / "callback" / "requirements.txt"
    trees = [tmp_path / "first", tmp_path / "second"]
    for tree in trees:
        unpack(requirements, "python3.10", tree)
    first, second = (
        {name: (tree / name).read_bytes() for name in names_in(tree) if not NOT_NEEDED.fullmatch(name)}
        for tree in trees
    )
    assert first == second
    libraries = [name for name in first if name.endswith(".so")]
    assert libraries
    assert all("x86_64-linux-gnu" in name or ".abi3." in name for name in libraries)


def test_a_zip_changes_with_names_and_contents() -> None:
    first = zipped({"a": b"bc", "d": b""})
    others = [{"ab": b"c", "d": b""}, {"a": b"bd", "d": b""}, {"a": b"bc"}, {"a": b"bc", "e": b""}]
    assert all(zipped(other) != first for other in others)


def test_a_zip_depends_on_names_and_contents_alone() -> None:
    assert zipped({"b": b"2", "a": b"1"}) == zipped({"a": b"1", "b": b"2"})
    with zipfile.ZipFile(io.BytesIO(zipped({"a": b"1"}))) as opened:
        (entry,) = opened.infolist()
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.external_attr >> 16 == 0o100644


def test_a_name_says_function_and_runtime_as_the_template_wants(built: dict[str, Package]) -> None:
    assert re.fullmatch(rf"token-{re.escape(HERE)}-[0-9a-f]{{64}}\.zip", built["token"].name)


def test_a_name_has_the_digest_of_the_zip(built: dict[str, Package]) -> None:
    for package in built.values():
        assert digest_in(package.name) == hashlib.sha256(package.content).hexdigest()
    assert digest_in(f"token-python3.12-{'0' * 32}.zip") is None
    assert digest_in(f"token-{'0' * 64}.zip.zip") is None


# ---- The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "PACKAGES", tmp_path / ".deploy")
    return tmp_path / ".deploy"


@pytest.mark.parametrize("env", [{"RUNTIME": "python3.11"}, {"SIGN_IN": "yes"}])
def test_a_wrong_option_is_one_sentence(env: dict[str, str], folder: Path) -> None:
    with pytest.raises(SystemExit, match=r"^(RUNTIME|SIGN_IN) takes "):
        main(env)
    assert not folder.exists()


@pytest.mark.parametrize(("env", "runtime"), [({}, "python3.12"), ({"RUNTIME": "python3.10"}, "python3.10")])
@pytest.mark.parametrize("sign_in", [False, True])
def test_both_zips_are_written_and_listed_with_their_sizes(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    env: dict[str, str],
    runtime: str,
    *,
    sign_in: bool,
) -> None:
    def make_package(function: str, runtime: str, *, sign_in: bool) -> Package:
        return Package(f"{function}-{runtime}-{sign_in}.zip", function.encode() * 256)

    monkeypatch.setattr(command, "build", make_package)
    main({**env, "SIGN_IN": "true" if sign_in else ""})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        f"token-{runtime}-{sign_in}.zip": b"token" * 256,
        f"callback-{runtime}-{sign_in}.zip": b"callback" * 256,
        "token.zip": b"token" * 256,
        "callback.zip": b"callback" * 256,
    }
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f".deploy/token-{runtime}-{sign_in}.zip: 1,280 bytes",
        f".deploy/callback-{runtime}-{sign_in}.zip: 2,048 bytes",
    ]


def test_the_newest_package_of_each_function_has_a_name_that_never_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content in (b"old", b"new"):
        monkeypatch.setattr(command, "build", lambda name, *_, c=content, **__: Package(f"{name}-{c}.zip", c))
        main({})
    assert {name: (folder / f"{name}.zip").read_bytes() for name in FUNCTIONS} == {
        "token": b"new",
        "callback": b"new",
    }


def test_make_takes_runtime_and_sign_in_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNTIME", "python2.7")
    assert make("package") == 1
    assert capsys.readouterr().err == "RUNTIME takes one of python3.12, python3.10.\n"
    assert not folder.exists()


def test_without_the_runtimes_python_there_is_no_byte_code_and_a_line_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (command, function_zip):
        monkeypatch.setattr(module, "interpreter", lambda _: None)
    main({"RUNTIME": "python3.10"})
    said = "This machine has no python3.10: the packages have no byte code, and start slower."
    assert capsys.readouterr().out.startswith(said)
    for path in folder.iterdir():
        assert not any(name.endswith(".pyc") for name in files_of(Package(path.name, path.read_bytes())))


def test_with_the_runtimes_python_nothing_is_said_of_byte_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "interpreter", lambda _: sys.executable)
    monkeypatch.setattr(command, "build", lambda *_, **__: Package("a.zip", b"PK"))
    main({})
    assert capsys.readouterr().out == ".deploy/a.zip: 2 bytes\n" * 2
    assert {path.name for path in folder.iterdir()} == {"a.zip", "token.zip", "callback.zip"}


def test_packages_that_cannot_be_installed_are_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(function_zip, "install", fail)
    with pytest.raises(SystemExit, match=r"^The packages that token needs could not be installed"):
        main({})
    assert list(folder.iterdir()) == []


def test_a_zip_above_its_budget_is_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "budget_bytes", lambda *_, **__: 9)
    with pytest.raises(SystemExit, match=r"^token-python3\.12-.* is larger than it may be: [0-9,]+ bytes\."):
        main({})
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "sign_in", "byte_code", "budget"),
    [
        ("token", False, False, 60 * 1024),
        ("token", False, True, 100 * 1024),
        ("token", True, True, 7 * 1024**2),
        ("callback", False, False, 7 * 1024**2),
    ],
)
def test_only_a_zip_that_contains_cryptography_may_be_large(
    function: str, budget: int, *, sign_in: bool, byte_code: bool
) -> None:
    assert budget_bytes(function, sign_in=sign_in, byte_code=byte_code) == budget


def test_a_shim_without_its_python_is_not_taken_for_an_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "python2.7"
    shim.write_text("#!/bin/sh\necho 'python2.7: not installed' >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter("python2.7") is None
    shim.write_text("#!/bin/sh\necho 2.7\n")
    assert interpreter("python2.7") == str(shim)
    shim.unlink()
    assert interpreter("python2.7") is None
    assert interpreter(HERE) == sys.executable
