"""Packages that need no installation, with names as `test_package.py` finds the real ones to have."""

from __future__ import annotations

import hashlib

from deploy.function_zip import Package


def quick_package(function: str, runtime: str, *, sign_in: bool) -> Package:
    """Return what stands for a function's package: another content for each of these."""
    content = f"PK {function} {runtime} {'sign-in' if sign_in else 'anybody'}".encode()
    return Package(f"{function}-{runtime}-{hashlib.sha256(content).hexdigest()}.zip", content)


TOKEN = quick_package("token", "python3.12", sign_in=False)
CALLBACK = quick_package("callback", "python3.12", sign_in=False)
