"""The package stands alone, and its folders import one way."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import oss_emulator

PACKAGE = Path(oss_emulator.__file__).parent
PYPROJECT = (PACKAGE.parent / "pyproject.toml").read_text()
OF_A_DEPENDENCY = {"markupsafe"}  # jinja2's
OF_ITS_USER = {"pytest"}  # imported by the plugin, which pytest loads


def imports() -> Iterator[tuple[str, str]]:
    """Each import: the folder or module of the package that has it, and the imported name in full."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            yield from ((place, name) for name in names)


def test_imports_only_itself_the_standard_library_and_its_dependencies() -> None:
    roots = {name.partition(".")[0] for _, name in imports()} - sys.stdlib_module_names

    declared = set(re.findall(r'^    "(\w+)>=', PYPROJECT, re.MULTILINE))
    assert roots - {"oss_emulator"} == declared | OF_A_DEPENDENCY | OF_ITS_USER


def test_no_folder_imports_another_that_imports_it() -> None:
    inside = [(place, name.split(".")[1]) for place, name in imports() if name.startswith("oss_emulator.")]
    imported = {place: {other for here, other in inside if here == place} - {place} for place, _ in inside}

    while layer := {place for place, others in imported.items() if not others & set(imported)}:
        imported = {place: others for place, others in imported.items() if place not in layer}
    assert imported == {}, "a circle of imports"
