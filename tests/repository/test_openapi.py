"""docs/openapi names every route, parameter and code that the sources of the functions have."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from completion.callback_request import FIELDS
from grants.upload_request import PARAMETERS
from tests.support.error_codes import refusals
from tests.support.openapi import document, examples, faults, operations
from tests.support.openapi import refusals as described_refusals
from tests.support.stack import REPOSITORY

APPLICATION = {
    "token": "functions/token/grants/application.py",
    "callback": "functions/callback/completion/application.py",
}
FUNCTIONS = tuple(APPLICATION)


def routes(function: str) -> set[tuple[str, str]]:
    """Return path and method of each route of a function."""
    tree = ast.parse((REPOSITORY / APPLICATION[function]).read_text(encoding="utf-8"))
    (table,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "routes"
    ]
    assert isinstance(table, ast.Dict)
    pairs = zip(table.keys, table.values, strict=True)
    return {
        (ast.literal_eval(path), ast.literal_eval(route.elts[0]))
        for path, route in pairs
        if path and isinstance(route, ast.Tuple)
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_route_is_described_and_its_preflight_too(function: str) -> None:
    found = {(path, method) for path, method, _ in operations(document(function))}
    assert found == routes(function) | {(path, "OPTIONS") for path, _ in routes(function)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_code_is_described_with_its_status(function: str) -> None:
    described = document(function)
    told = {(one.status, one.public_code) for one in refusals() if one.function == function}
    assert set(described_refusals(described)) == told
    assert sorted(described["components"]["schemas"]["Code"]["enum"]) == sorted(code for _, code in told)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_answer_stands_under_its_own_status(function: str) -> None:
    described = document(function)
    for _, _, operation in operations(described):
        for status, answer in operation["responses"].items():
            shared = described["components"]["responses"].get(answer.get("$ref", "").rpartition("/")[2], {})
            for content in shared.get("content", {}).values():
                for constant in re.findall(r"'status': \{'const': (\d+)\}", str(content["schema"])):
                    assert constant == status, operation["operationId"]


def test_the_parameters_of_a_grant_are_those_that_are_read() -> None:
    described = document("token")
    known = described["components"]["parameters"].values()
    assert {one["name"] for one in known if one["in"] == "query"} == PARAMETERS


def test_the_fields_of_a_callback_are_those_that_are_read() -> None:
    callback = document("callback")["components"]["schemas"]["Callback"]
    assert set(callback["properties"]) == set(callback["required"]) == FIELDS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_example_is_one(function: str) -> None:
    described = document(function)
    found = list(examples(described))
    assert len(found) > 10
    for schema, value in found:
        assert faults(described, schema, completed(value)) == [], value


def completed(value: Any) -> Any:
    """Return an example with whole secrets in the place of those that are cut."""
    whole = {"ticket": f"{'e' * 40}.{'f' * 43}", "x-oss-signature": "0" * 64, "signature": "0" * 64}
    if isinstance(value, list):
        return [completed(one) for one in value]
    if not isinstance(value, dict):
        return value
    cut = {name for name, text in value.items() if isinstance(text, str) and "…" in text}
    return {name: whole.get(name, part) if name in cut else completed(part) for name, part in value.items()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_example_has_a_whole_secret(function: str) -> None:
    secret = {
        "ticket", "callback", "policy", "signature", "accessid", "security_token", "x_oss_credential",
        "x-oss-signature", "x-oss-credential", "x-oss-security-token",
    }  # fmt: skip
    for _, example in examples(document(function)):
        for part in (example, *example.get("uploads", [])):
            fields = {**part, **part.get("fields", {})}
            assert all("…" in fields[name] for name in secret & fields.keys())
        assert all("x-oss-signature=…" in part["url"] for part in example.get("parts", []))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_part_that_is_shared_is_used(function: str) -> None:
    described = document(function)
    used = set(re.findall(r"#/components/(\w+/\w+)", str(described)))
    shared = {
        f"{kind}/{name}"
        for kind, parts in described["components"].items()
        for name in parts
        if kind != "securitySchemes"
    }
    assert shared - used == {"responses/NotFound", "responses/MethodNotAllowed"}  # of no operation
    assert used <= shared
