"""ROS's own description of its resource types, read from the ros-cdk wheels without running them.

A wheel carries the generated JavaScript of each type inside `_jsii/*.tgz`: the names of its properties, which
are required, and which attributes `Fn::GetAtt` may ask for.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("fc3", "oss", "ram", "sls")
RENDERED = re.compile(r"function (\w+)ToRosTemplate\(properties[^)]*\) \{(.*?)\n\}\n", re.DOTALL)
CHECKED = r"function {}PropsValidator\(properties\) \{{(.*?)\n\}}\n"
INTRINSIC = re.compile(r"Ref|Fn::\w+")


class Resource(NamedTuple):
    """One resource type: the name of its root shape, and the attributes it returns."""

    shape: str
    attributes: frozenset[str]
    required: frozenset[str]


class Schema(NamedTuple):
    """Every type, and of each shape the properties with the shape they hold: empty for a plain value."""

    types: Mapping[str, Resource]
    shapes: Mapping[str, Mapping[str, tuple[str, bool]]]

    def faults(self, name: str, resource: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with one resource of a template."""
        known = self.types.get(resource["Type"])
        if known is None:
            yield f"{name}: unknown type {resource['Type']}"
            return
        given = resource.get("Properties", {})
        for missing in known.required - {key.lower() for key in given}:
            yield f"{name}: {missing} is missing"
        yield from self._walk(given, known.shape, name)

    def _walk(self, value: Any, shape: str, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: not a map"
            return
        if len(value) == 1 and INTRINSIC.fullmatch(next(iter(value))):
            return
        for key, inner in value.items():
            if key not in self.shapes[shape]:
                yield f"{path}.{key}: unknown"
                continue
            inside, listed = self.shapes[shape][key]
            if inside:
                for item in inner if listed else [inner]:
                    yield from self._walk(item, inside, f"{path}.{key}")


def read_schema() -> Schema:
    """Return the schema of every package."""
    types: dict[str, Resource] = {}
    shapes: dict[str, Mapping[str, tuple[str, bool]]] = {}
    for package in PACKAGES:
        code, declared = _generated(package)
        shapes.update(_shapes(code))
        types.update(_types(code, declared))
    return Schema(types, shapes)


def _generated(package: str) -> tuple[str, str]:
    files = metadata.distribution(f"ros-cdk-{package}").files or ()
    (archive,) = (file for file in files if file.match("_jsii/*.tgz"))
    with tarfile.open(Path(str(archive.locate()))) as opened:
        texts = (opened.extractfile(f"package/lib/{package}.generated.{kind}") for kind in ("js", "d.ts"))
        code, declared = (text.read().decode() for text in texts if text)
    return code, declared


def _shapes(code: str) -> Iterator[tuple[str, Mapping[str, tuple[str, bool]]]]:
    for match in RENDERED.finditer(code):
        properties = {}
        for name, call in re.findall(r"'(\w+)': (.*?)\(properties\.\w+\)", match[2]):
            inside = re.search(r"(ros\w+Property)ToRosTemplate", call)
            properties[name] = (inside[1] if inside else "", "listMapper" in call)
        yield match[1], properties


def _types(code: str, declared: str) -> Iterator[tuple[str, Resource]]:
    for name, kind in re.findall(r'(Ros\w+)\.ROS_RESOURCE_TYPE_NAME = "([^"]+)"', code):
        shape = f"{name[0].lower()}{name[1:]}Props"
        (validator,) = re.findall(CHECKED.format(name), code, re.DOTALL)
        required = re.findall(r"propertyValidator\('(\w+)', ros\.requiredValidator", validator)
        (body,) = re.findall(rf"class {name} extends (.*?)\n\}}\n", declared, re.DOTALL)
        attributes = re.findall(r"@Attribute (\w+):", body)
        yield kind, Resource(shape, frozenset(attributes), frozenset(one.lower() for one in required))
