"""How property tests try: the same inputs on every machine, and as long as they take."""

from __future__ import annotations

import hypothesis

_TRIES = {"deadline": None, "derandomize": True, "database": None}
FEW = hypothesis.settings(max_examples=200, **_TRIES)  # type: ignore[arg-type]  # a table of mixed values
MANY = hypothesis.settings(max_examples=2000, **_TRIES)  # type: ignore[arg-type]  # as above
