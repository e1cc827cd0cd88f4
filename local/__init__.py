"""The whole system on one machine: what `make run` and `make oss` start."""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parent.parent
# the stand-in OSS is a package of its own; the functions' settings are checked before they start
for _folder in ("emulator", "functions/token", "functions/callback"):
    sys.path.append(str(_REPOSITORY / _folder))
