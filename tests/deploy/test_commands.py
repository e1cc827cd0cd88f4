"""Each command as `make` starts it: the real command line, the real addresses over TLS, the exit status."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
from alibabacloud_credentials.utils import auth_constant, auth_util

from deploy import destroy, rotate_secret
from deploy.doctor.target import choose_deployment, find_stack
from deploy.errors import CommandError
from deploy.function_zip import REPOSITORY
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, command_of, dry_run, given, make
from tests.support.cloud.server import serving_publicly
from tests.support.cloud.state import ACCOUNT, KEY, SUFFIX, Refused, State
from tests.support.environment import clean_environment, free_ports

STACK = {"STACK": "uploads", "REGION": "cn-hangzhou"}
YES = {**STACK, "YES": "1"}


@pytest.fixture(autouse=True)
def public(state: State, certificate: Path) -> Iterator[Mapping[str, str]]:
    with serving_publicly(state, certificate) as variables:
        yield variables


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def statuses(state: State) -> list[str]:
    return [str(one["Status"]) for one in state.stacks.values()]


def test_deploy_and_destroy_ask_the_services_at_their_public_addresses(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith(
        f"account {ACCOUNT}, region cn-hangzhou, stack uploads\nbuilding the packages"
    )
    assert "index.html" in state.buckets[SITE]
    assert make("destroy", **YES) == 0
    assert capsys.readouterr().out.endswith(
        f"kept {UPLOADS} with every upload; DELETE_UPLOADS=1 deletes it\n"
    )
    assert (statuses(state), CODE in state.buckets, UPLOADS in state.buckets) == (
        ["DELETE_COMPLETE"],
        False,
        True,
    )
    assert state.hosts == {
        "ros.aliyuncs.com",
        "sts.cn-hangzhou.aliyuncs.com",
        "fcv3.cn-hangzhou.aliyuncs.com",
        *(f"{bucket}.oss-cn-hangzhou.aliyuncs.com" for bucket in (CODE, SITE, UPLOADS)),
    }


INTERNAL = "oss-cn-hangzhou-internal.aliyuncs.com"


def test_all_of_a_stack_s_life_by_the_internal_network(state: State) -> None:
    """As a new account must: OSS refuses it objects at the public host."""
    state.new_account = True
    assert make("deploy", **YES, **ANYONE, OSS_ENDPOINT=INTERNAL) == 0
    assert make("rotate-secret", **YES, OSS_ENDPOINT=INTERNAL) == 0
    bucket_faults = find_stack("uploads", "cn-hangzhou", INTERNAL).bucket_faults
    assert bucket_faults is not None
    assert bucket_faults() == []
    assert make("destroy", **YES, OSS_ENDPOINT=INTERNAL) == 0
    assert CODE not in state.buckets
    assert {host.partition(".")[2] for host in state.hosts if CODE in host} == {INTERNAL}


@pytest.mark.parametrize("target", ["deploy", "preflight", "destroy", "rotate-secret", "page", "doctor"])
def test_a_host_that_is_none_of_oss_is_refused_before_anything_is_asked(
    target: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(target, **STACK, OSS_ENDPOINT="oss.example.com") == 1
    assert "OSS_ENDPOINT takes a host of OSS in cn-hangzhou, such as " in "".join(capsys.readouterr())
    assert state.asked == []


def test_deploy_asks_before_it_changes_anything(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "no")
    assert make("deploy", **STACK, **ANYONE) == 1
    shown = capsys.readouterr()
    assert (shown.err, state.writes) == ("Nothing was done.\n", [])
    assert shown.out.endswith("Deploy there? Type yes: ")
    type_in(monkeypatch, "yes")
    assert make("deploy", **STACK, **ANYONE) == 0
    assert statuses(state) == ["CREATE_COMPLETE"]


def test_without_anybody_to_ask_nothing_is_done(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch)
    assert make("deploy", **STACK, **ANYONE) == 1
    assert capsys.readouterr().err.startswith("There is no terminal to ask at. YES=1 answers")
    assert state.writes == []


def test_destroy_deletes_uploads_only_after_the_bucket_s_name_was_typed(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    type_in(monkeypatch, "yes")
    assert make("destroy", **YES, DELETE_UPLOADS="1") == 1
    assert capsys.readouterr().err == "Nothing was done.\n"
    assert UPLOADS in state.buckets
    type_in(monkeypatch, UPLOADS)
    assert make("destroy", **YES, DELETE_UPLOADS="1") == 0
    assert f"Delete every upload? Type {UPLOADS}: " in capsys.readouterr().out
    assert state.buckets == {}


def test_rotate_secret_takes_one_step_and_reads_the_functions_at_their_address(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    (stack,) = state.stacks.values()
    old = stack["values"]["TicketSecret"]
    assert make("rotate-secret", **YES) == 0
    new, kept = stack["values"]["TicketSecret"].split(",")
    assert (kept, new == old) == (old, False)
    assert "fcv3.cn-hangzhou.aliyuncs.com" in state.hosts
    assert make("rotate-secret", **YES, NOW="1") == 0
    assert not {old, new} & set(stack["values"]["TicketSecret"].split(","))
    assert capsys.readouterr().out.endswith("What was being uploaded has to be uploaded again.\n")


def test_rotate_secret_measures_by_this_machines_clock(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    assert make("rotate-secret", **YES) == 0
    state.modified = {"uploads-callback": "9999-01-01T00:00:00Z"}
    assert make("rotate-secret", **YES) == 1
    assert capsys.readouterr().err.startswith("Too early: tickets of the old secret are valid for up to ")
    state.modified = {}
    assert make("rotate-secret", **YES) == 0


def test_each_main_takes_its_own_options_and_no_settings(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    (stack,) = state.stacks.values()
    capsys.readouterr()
    rotate_secret.main(given(**YES))
    assert len(stack["values"]["TicketSecret"].split(",")) == 2
    rotate_secret.main(given(**YES, NOW="1"))
    assert len(stack["values"]["TicketSecret"].split(",")) == 1
    type_in(monkeypatch, UPLOADS)
    destroy.main(given(**YES, DELETE_UPLOADS="1"))
    assert (stack["Status"], state.buckets) == ("DELETE_COMPLETE", {})
    assert capsys.readouterr().out.endswith(f"deleted {CODE}\ndeleted {UPLOADS}\n")
    for main in (rotate_secret.main, destroy.main):
        with pytest.raises(CommandError, match=r"^MAX_BYTES: no such setting"):
            main(given(**YES, MAX_BYTES="1"))


def test_page_names_the_setting_that_allows_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert make("deploy", **YES, **ANYONE, ALLOWED_ORIGINS="https://www.example.com") == 0
    assert make("page", **STACK) == 1
    advice = "To allow it, give make deploy ALLOWED_ORIGINS=https://www.example.com,http://localhost:8080\n"
    assert capsys.readouterr().err.endswith(advice)


@pytest.mark.parametrize("target", ["page", "rotate-secret"])
def test_a_stack_that_is_not_there_is_one_sentence(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(target, **STACK) == 1
    assert capsys.readouterr().err == "There is no stack uploads in cn-hangzhou.\n"


def test_doctor_of_a_stack_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert make("doctor", **STACK) == 1
    assert capsys.readouterr().err == "There is no stack uploads in cn-hangzhou.\n"
    assert make("doctor", STACK="uploads") == 1
    assert capsys.readouterr().err == "REGION is missing, such as REGION=cn-hangzhou\n"


def test_doctor_finds_a_stack_at_the_public_addresses() -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    found = choose_deployment(None, None, None, {**STACK, "BEARER_TOKEN": "a.b.c"})
    assert (found.token_url, found.origin, found.bearer_token) == (
        "https://token-abc.cn-hangzhou.fcapp.run/",
        "http://localhost:8080",
        "a.b.c",
    )
    assert found.find_access is not None
    access = found.find_access()
    assert (access.bucket, access.url, access.region) == (
        UPLOADS,
        f"https://{UPLOADS}.{SUFFIX}",
        "cn-hangzhou",
    )
    assert (access.key.access_key_id, access.prefix) == (KEY.access_key_id, "uploads/")


def test_doctor_asks_whether_a_rule_deletes_the_parts_of_broken_uploads(state: State) -> None:
    assert make("deploy", **YES, **ANYONE) == 0
    parts_go = choose_deployment(None, None, None, STACK).parts_go
    assert parts_go is not None
    assert parts_go() is True
    state.lifecycle.clear()
    assert parts_go() is False
    state.refused_settings[UPLOADS] = {"lifecycle"}
    assert "AccessDenied" in str(parts_go())


@pytest.mark.parametrize("target", ["deploy", "preflight", "destroy", "rotate-secret", "page"])
def test_what_is_not_on_the_command_line_is_not_read(
    target: str, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in YES.items():
        monkeypatch.setenv(name, value)
    assert make(target, REGION="cn-hangzhou") == 1
    assert capsys.readouterr().err.startswith("STACK takes a name of 2 to 20 characters")
    assert state.asked == []


@pytest.mark.parametrize("target", ["deploy", "preflight", "destroy", "rotate-secret", "page"])
def test_a_misspelt_name_on_the_command_line_is_refused(
    target: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(target, **STACK, YESS="1") == 1
    assert capsys.readouterr().err.startswith("YESS: no such setting. There are STACK, REGION")
    assert state.asked == []


def test_a_refusal_of_the_cloud_is_one_line_and_exit_status_1(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.refusals["CreateStack"] = [Refused(403, "Forbidden.RAM", "User not authorized.")]
    assert make("deploy", **YES, **ANYONE) == 1
    assert capsys.readouterr().err.startswith("Alibaba Cloud refused: Forbidden.RAM: ")


@pytest.mark.parametrize("target", ["deploy", "destroy", "rotate-secret", "page", "doctor"])
def test_without_credentials_the_message_says_how_to_set_them(
    target: str,
    state: State,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(auth_util, "environment_access_key_id", None)
    monkeypatch.setattr(auth_constant, "HOME", str(tmp_path))
    assert make(target, **STACK, **(ANYONE if target == "deploy" else {})) == 1
    assert capsys.readouterr().err.startswith("No credentials were found: set ALIBABA_CLOUD_ACCESS_KEY_ID")
    assert state.asked == []


def test_a_process_of_its_own_uses_the_key_of_aliyun_configure(
    state: State, public: Mapping[str, str], tmp_path: Path
) -> None:
    profile = {
        "name": "default",
        "mode": "StsToken",
        "access_key_id": KEY.access_key_id,
        "access_key_secret": KEY.access_key_secret,
        "sts_token": KEY.security_token,
    }
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(
        json.dumps({"current": "default", "profiles": [profile]})
    )
    finished = subprocess.run(
        [sys.executable, "-m", "deploy.destroy"],
        cwd=REPOSITORY,
        env={**clean_environment(), **public, "HOME": str(tmp_path), **given(**YES)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout == f"account {ACCOUNT}, region cn-hangzhou, stack uploads\n"
    assert state.asked[:2] == ["GetCallerIdentity", "ListStacks"]


def test_page_is_served_until_ctrl_c_with_the_addresses_of_the_stack(
    public: Mapping[str, str], tmp_path: Path
) -> None:
    origin = f"http://localhost:{free_ports(1)[0]}"
    assert make("deploy", **YES, **ANYONE, ALLOWED_ORIGINS=f"https://www.example.com,{origin}") == 0
    key = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": KEY.security_token,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.page"],
        cwd=REPOSITORY,
        env={**clean_environment(), **public, **key, **given(**STACK), "LOCAL_STATE": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        opened = next((line for line in process.stdout if origin in line), "")
        target = process.stdout.readline()
        config = requests.get(f"{origin}/config.json", timeout=9).json()
        page = requests.get(f"{origin}/", timeout=9)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert opened.startswith(f"Open {origin}/ in a browser; Ctrl-C ends it.")
    assert target == f"It uploads to (上传到) https://{UPLOADS}.oss-cn-hangzhou.aliyuncs.com\n"
    assert config == {"tokenUrl": "https://token-abc.cn-hangzhou.fcapp.run/"}
    assert page.headers["Content-Type"].startswith("text/html")
    assert f"https://{UPLOADS}.oss-cn-hangzhou.aliyuncs.com" in page.text
    assert process.returncode == 130  # as a shell says of what SIGINT ended


def test_a_recipe_s_last_line_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", " -- CHOSEN=some")  # as make test-fast starts the tests
    environment, module = command_of(dry_run("destroy", **YES, PYTHON=sys.executable))
    assert (sorted(environment["GIVEN"].split()), module) == (["REGION", "STACK", "YES"], "deploy.destroy")
