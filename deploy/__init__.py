"""The commands that put the system on Alibaba Cloud. Each command is one file."""

import sys
from pathlib import Path

sys.path.append(
    str(Path(__file__).parent.parent / "functions" / "token")
)  # whose settings and times are checked
