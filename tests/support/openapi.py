"""docs/openapi, and what its schemas say of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs
import yaml

from tests.support.stack import REPOSITORY

PROBLEM = "application/problem+json"


def document(function: str) -> Any:
    return yaml.safe_load((REPOSITORY / "docs" / "openapi" / f"{function}.yaml").read_text(encoding="utf-8"))


def faults(described: Mapping[str, Any], schema: Mapping[str, Any], value: object) -> list[str]:
    """Return why a value does not fit a schema of a document."""
    whole = {**schema, "components": described["components"]}
    return [error.message for error in jsonschema_rs.validator_for(whole).iter_errors(value)]


class Refusal(NamedTuple):
    """A code in one answer of a document."""

    status: int
    code: str


def refusals(described: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield each code of each answer, and of each problem of one file."""
    for answer in described["components"]["responses"].values():
        if PROBLEM in answer.get("content", {}):
            _, narrowed = answer["content"][PROBLEM]["schema"]["allOf"]
            properties = narrowed["properties"]
            for code in properties["code"]["enum"]:
                yield Refusal(properties["status"]["const"], code)
    file_problem = described["components"]["schemas"].get("FileProblem", {"properties": {"problem": {}}})
    for alternative in file_problem["properties"]["problem"].get("oneOf", ()):
        for code in alternative["properties"]["code"]["enum"]:
            yield Refusal(alternative["properties"]["status"]["const"], code)


def operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and description of each operation."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def examples(described: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each example of a body with its schema."""
    answers = list(described["components"]["responses"].values())
    for _, _, operation in operations(described):
        answers += [one for one in operation["responses"].values() if "$ref" not in one]
        answers += [operation["requestBody"]] if "requestBody" in operation else []
    for answer in answers:
        for content in answer.get("content", {}).values():
            for example in content.get("examples", {}).values():
                yield content["schema"], example["value"]
