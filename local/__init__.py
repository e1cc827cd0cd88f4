"""The whole system on one machine: what `make run` and `make oss` start."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "emulator"))  # the stand-in OSS, a package of its own
