"""What the checks are told, what they say, and how one is declared. Plain values, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["ok", "failed", "noted", "skipped"]


@dataclass(frozen=True)
class Deployment:
    """Where a deployment is. `origin` is one that is allowed, `site_url` the site bucket's own address."""

    token_url: str
    origin: str
    site_url: str | None = None
    bearer_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Finding:
    """One line: what was tried, what came back, and on failure the likely cause and the fix.

    `name` is stable, for programs. `left` has what stays in the upload bucket, each as `bucket/key`.
    """

    name: str
    verdict: Verdict
    tried: str
    found: str
    cause: str = ""
    fix: str = ""
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a check found. `sign` is looked up in `causes.TABLE` unless the verdict is ok or skipped."""

    verdict: Verdict
    found: str
    sign: str = ""
    left: tuple[str, ...] = ()
