"""Our records are what `typing` makes of the same classes, and a form grant imports no `typing`."""

from __future__ import annotations

import subprocess
import sys
import typing

import pytest

from tests.support.environment import clean_environment
from tests.support.fc_events import fc_event
from tests.support.stack import REPOSITORY
from vendored import records

SOURCE = '''
class Point(NamedTuple):
    """A place."""

    x: int
    y: "Unknown | None" = None
    tags: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"at {self.x}"

    @property
    def doubled(self) -> int:
        return self.x * 2

    @classmethod
    def origin(cls) -> "Point":
        return cls(0)
'''


def made_with(base: object) -> typing.Any:
    module: dict[str, typing.Any] = {"NamedTuple": base, "__name__": "places"}
    exec(SOURCE, module)
    return module["Point"]


OURS, THEIRS = made_with(records.NamedTuple), made_with(typing.NamedTuple)


@pytest.mark.parametrize(
    "of",
    [
        lambda point: point.__mro__[1:],
        lambda point: (point.__name__, point.__module__, point.__doc__),
        lambda point: (point._fields, point._field_defaults, point.__match_args__),
        lambda point: tuple(point(1, tags={"a": "b"})),
        lambda point: point(1)._asdict(),
        lambda point: tuple(point(1)._replace(y=2)),
        lambda point: (repr(point(3)), point(3).doubled, tuple(point.origin())),
        lambda point: (point(1) == point(1), point(1) == (1, None, {}), point(1) < point(2)),
        lambda point: hasattr(point(1), "__dict__"),
    ],
    ids=["bases", "names", "fields", "made", "as a dict", "replaced", "methods", "compared", "slots"],
)
def test_a_record_is_what_typing_makes(of: typing.Callable[[typing.Any], object]) -> None:
    assert of(OURS) == of(THEIRS)


def test_a_wrong_number_of_values_is_refused() -> None:
    for values in ((), (1, 2, 3, 4)):
        with pytest.raises(TypeError):
            OURS(*values)


def test_a_form_grant_imports_no_typing(environ: dict[str, str]) -> None:
    """Nor what it brings along: a cold start pays for each module."""
    event = fc_event("/", {"name": "a.png", "size": "5", "type": "image/png"})
    program = (
        "import sys, main\n"
        f"assert main.handler({event!r}, None)['statusCode'] == 200\n"
        "unwanted = {'typing', 'contextlib', 'dataclasses', 'logging', 'http', 'jwt'}\n"
        "print(*sorted(unwanted & sys.modules.keys()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=REPOSITORY / "functions" / "token",
        env={**clean_environment(), **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.splitlines()[-1] == ""
