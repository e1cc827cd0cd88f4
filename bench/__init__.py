"""The benchmark: `make bench` and `make bench-check`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "functions" / "token"))  # its events hold our tickets
