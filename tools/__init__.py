"""Tools that are no tests: mutation, fuzzing, soak, audit, screenshots."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "functions" / "token"))  # tests.support signs as it does
