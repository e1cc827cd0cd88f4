"""The commands that put the system on Alibaba Cloud. `make NAME` runs `deploy/NAME.py`, or the folder.

What commands share stands beside them; what talks to the cloud is in `aliyun/`.
"""

import sys
from pathlib import Path

# both functions' settings are checked, and token's times and time limit used; `vendored` is the same in both
for _function in ("token", "callback"):
    sys.path.append(str(Path(__file__).parent.parent / "functions" / _function))
