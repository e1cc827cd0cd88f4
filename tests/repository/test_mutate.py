"""`make mutate` names modules and tests: a name that fits nothing would be passed over without a word."""

from __future__ import annotations

import pytest

from tools.mutate import REPOSITORY, SLOW_FILES, SLOW_TEST, TARGETS, Target

TESTS = REPOSITORY / "tests"


def test_the_slow_test_that_mutants_are_spared_is_there() -> None:
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    assert any(f"def test_{SLOW_TEST}" in source for source in sources)


@pytest.mark.parametrize("pattern", SLOW_FILES)
def test_slow_files_of_tests_are_there(pattern: str) -> None:
    assert any(TESTS.rglob(f"{pattern}.py"))


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_each_target_has_its_modules_and_tests(target: Target) -> None:
    modules = [REPOSITORY / target.root / f"{module}.py" for module in target.modules]
    missing = [path for path in (*modules, *map(REPOSITORY.joinpath, target.tests)) if not path.exists()]
    assert missing == []
