"""`make package`: write the zips for Function Compute to `.deploy/`.

RUNTIME is the runtime they are for, python3.12 unless set; with SIGN_IN=true, token's zip can check users.
Each zip is written under a second name too, `token.zip` or `callback.zip`: `s.yaml` sends the newest one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from deploy.function_zip import (
    FUNCTIONS,
    REPOSITORY,
    RUNTIMES,
    Package,
    budget_bytes,
    build,
    interpreter,
)

PACKAGES = REPOSITORY / ".deploy"


def main(env: Mapping[str, str]) -> None:
    """Write both zips; exit with a sentence if that is impossible."""
    runtime = env.get("RUNTIME") or RUNTIMES[0]
    if runtime not in RUNTIMES:
        sys.exit(f"RUNTIME takes one of {', '.join(RUNTIMES)}.")
    if env.get("SIGN_IN") not in {None, "", "true"}:
        sys.exit("SIGN_IN takes true; without it, anyone may upload.")
    sign_in, byte_code = bool(env.get("SIGN_IN")), bool(interpreter(runtime))
    if not byte_code:
        print(f"This machine has no {runtime}: the packages have no byte code, and start slower.")
    PACKAGES.mkdir(exist_ok=True)
    for function in FUNCTIONS:
        package = build_or_exit(function, runtime, sign_in=sign_in)
        size = len(package.content)
        if size > budget_bytes(function, sign_in=sign_in, byte_code=byte_code):
            sys.exit(f"{package.name} is larger than it may be: {size:,} bytes.")
        for name in (package.name, f"{function}.zip"):
            (PACKAGES / name).write_bytes(package.content)
        print(f".deploy/{package.name}: {size:,} bytes")


def build_or_exit(function: str, runtime: str, *, sign_in: bool) -> Package:
    """Return a function's zip; exit with a sentence if its packages cannot be installed."""
    try:
        return build(function, runtime, sign_in=sign_in)
    except subprocess.CalledProcessError:
        sys.exit(f"The packages that {function} needs could not be installed; pip's reason is above.")


if __name__ == "__main__":
    main(os.environ)
