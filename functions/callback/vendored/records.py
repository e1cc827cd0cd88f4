"""`NamedTuple` as `typing` has it, without `typing`: importing that is a tenth of a cold start.

Type checkers see the original. Never lives here: a record of ours.
"""

from collections import namedtuple

__all__ = ["TYPE_CHECKING", "NamedTuple"]

TYPE_CHECKING = False  # type checkers take a constant of this name for true
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    OF_THE_CLASS = frozenset({"__annotations__", "__module__", "__qualname__"})

    class _Record(type):
        """Makes a named tuple of the annotated names of a class, with its defaults, methods and docstring."""

        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            # Python 3.14 knows the annotations of a class only once it is made
            names = members.get("__annotations__") or super().__new__(cls, name, (), members).__annotations__
            defaults = [members[field] for field in names if field in members]
            made = namedtuple(name, names, defaults=defaults, module=members["__module__"])  # noqa: PYI024 - to be it
            for member in members.keys() - OF_THE_CLASS - names.keys():
                setattr(made, member, members[member])
            return made

    class NamedTuple(metaclass=_Record):
        """The base of a record: `class Point(NamedTuple)`, with annotated members."""
