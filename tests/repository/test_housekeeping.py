"""The files for people who join: forms, workflows, hooks and the container name only commands that exist."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.run import DEFAULT_PORTS

REPOSITORY = Path(__file__).parent.parent.parent
GITHUB = REPOSITORY / ".github"
FORMS = sorted(path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
HOOKS = REPOSITORY / ".pre-commit-config.yaml"
CONTAINER = REPOSITORY / ".devcontainer" / "devcontainer.json"
DOCUMENTS = [GITHUB / "PULL_REQUEST_TEMPLATE.md", *sorted(REPOSITORY.glob("docs/everyday*.md"))]
YAML = sorted({*GITHUB.rglob("*.yml"), *REPOSITORY.glob("*.yml"), *REPOSITORY.glob("*.yaml"), HOOKS})
MAKE = re.compile(r"\bmake (?:-s )?([a-z][a-z-]*)")
PINNED = re.compile(r"actions/[a-z-]+@[0-9a-f]{40}")


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def targets() -> set[str]:
    """Return what make can be asked for: the listed targets, and each part of the tests."""
    makefile = (REPOSITORY / "Makefile").read_text()
    parts = {f"test-{path.name}" for path in (REPOSITORY / "tests").iterdir() if path.is_dir()}
    return {*re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE), *parts}


@pytest.mark.parametrize("path", YAML, ids=name_of)
def test_it_is_yaml(path: Path) -> None:
    assert list(yaml.compose_all(path.read_text(), Loader=yaml.SafeLoader))


@pytest.mark.parametrize(
    "path", [*FORMS, *WORKFLOWS, HOOKS, *DOCUMENTS, CONTAINER, REPOSITORY / ".ci" / "run"], ids=name_of
)
def test_every_target_that_it_names_exists(path: Path) -> None:
    assert {*MAKE.findall(path.read_text())} <= targets()


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_a_form_is_one_that_github_shows(path: Path) -> None:
    """Source: GitHub, "Syntax for issue forms"."""
    form = read(path)
    assert form.keys() == {"name", "description", "labels", "body"}
    assert {part["type"] for part in form["body"]} <= {
        "markdown",
        "textarea",
        "input",
        "dropdown",
        "checkboxes",
    }
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in asked]
    assert len({*ids}) == len(ids) > 1
    assert all(re.fullmatch(r"[\w-]+", one) for one in ids)
    assert any(part.get("validations", {}).get("required") for part in asked)


@pytest.mark.parametrize("path", FORMS, ids=name_of)
def test_a_form_asks_in_both_languages(path: Path) -> None:
    form = read(path)
    texts = [form["name"], form["description"]]
    for part in form["body"]:
        attributes = part["attributes"]
        texts += [attributes[name] for name in ("label", "description", "value") if name in attributes]
        texts += [
            option["label"] if isinstance(option, dict) else option
            for option in attributes.get("options", ())
        ]
    for text in texts:
        english, _, chinese = text.partition(" · ")
        assert re.search("[A-Za-z]{3}", english), text
        assert re.search("[\u4e00-\u9fff]", chinese), text


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_a_workflow_takes_pinned_actions_of_github_and_calls_make(path: Path) -> None:
    for job in read(path)["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert PINNED.fullmatch(step["uses"]), step
            else:
                assert re.match(r"\.ci/run$|make [a-z-]+$|gh release create ", step["run"]), step


def test_only_the_release_may_write_and_only_its_last_step_has_the_token() -> None:
    rights = {name_of(path): [read(path)["permissions"]] for path in WORKFLOWS}
    for path in WORKFLOWS:
        rights[name_of(path)] += [job.get("permissions") for job in read(path)["jobs"].values()]
    assert rights == {
        ".github/workflows/ci.yml": [{"contents": "read"}, None, None, None],
        ".github/workflows/release.yml": [{}, {"contents": "write"}],
    }
    *steps, last = read(GITHUB / "workflows" / "release.yml")["jobs"]["release"]["steps"]
    assert last["env"]["GH_TOKEN"] == "${{ github.token }}"
    assert "token" not in json.dumps(steps)


def test_the_hooks_are_the_repositorys_own_commands() -> None:
    (own,) = read(HOOKS)["repos"]
    assert own["repo"] == "local"
    found = {hook["entry"]: (hook["language"], hook["pass_filenames"]) for hook in own["hooks"]}
    assert found == {"make lint": ("system", False), "make types": ("system", False)}


def test_the_container_is_a_stock_image_that_ci_s_own_script_fills() -> None:
    container = json.loads(CONTAINER.read_text())
    image, command = container["image"], container["postCreateCommand"]
    assert re.fullmatch(r"node:\d+-[a-z]+", image)
    script, target = command.split()
    assert (script, target in targets()) == (".ci/run", True)
    assert "features" not in container
    ports = sorted(DEFAULT_PORTS.values())
    assert container["forwardPorts"] == ports == sorted(map(int, container["portsAttributes"]))


def test_ci_runs_check_unless_it_is_given_a_target(tmp_path: Path) -> None:
    stub = tmp_path / "make"
    stub.write_text('#!/bin/sh\necho "make $*"\n')
    stub.chmod(0o755)
    for name in ("node", "chromium", "firefox", "WebKitWebDriver", "Xvfb", "python3"):
        (tmp_path / name).symlink_to("/bin/true")
    for given, said in (([], "make check\n"), (["build"], "make build\n")):
        ran = subprocess.run(
            [REPOSITORY / ".ci" / "run", *given],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert ran.stdout == said
