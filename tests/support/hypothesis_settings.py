"""Settings of the property tests: the same inputs on every machine, and no time limit."""

from __future__ import annotations

import hypothesis

_SHARED = {"deadline": None, "derandomize": True, "database": None}
FEW = hypothesis.settings(max_examples=200, **_SHARED)  # type: ignore[arg-type]  # a table of mixed values
MANY = hypothesis.settings(max_examples=2000, **_SHARED)  # type: ignore[arg-type]  # as above
