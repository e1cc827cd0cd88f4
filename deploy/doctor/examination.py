"""The checks of `make doctor`: `examine` walks a live deployment as a page and as an attacker would."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.doctor import anonymous_access, preflight, tampering, upload
from deploy.doctor.causes import diagnose
from deploy.doctor.context import Check, Visit
from deploy.doctor.finding import Deployment, Finding, Outcome

__all__ = ["ORDER", "Deployment", "Finding", "examine"]

# the upload is the callback function's first call, so that a cold start counts where it counts for users
ORDER = (
    *preflight.CHECKS,
    *upload.CHECKS,
    *preflight.AFTER_UPLOAD,
    *anonymous_access.CHECKS,
    *tampering.CHECKS,
)


def examine(deployment: Deployment) -> Iterator[Finding]:
    """Yield what each check finds, as it comes. What depends on a check that failed is skipped, with why."""
    visit = Visit(deployment)
    lacking: set[str] = set()
    for check in ORDER:
        missing = [name for name in check.needs if name in lacking]
        outcome = Outcome("skipped", f"needs {missing[0]}") if missing else run(check, visit)
        if missing or outcome.verdict == "failed":
            lacking.add(check.name)
        yield told(check, outcome, deployment)


def run(check: Check, visit: Visit) -> Outcome:
    """Run a check; one that cannot be made of what came back is skipped."""
    try:
        return check.run(visit)
    except (LookupError, ValueError) as error:
        return Outcome("skipped", f"cannot be told ({type(error).__name__})")


def told(check: Check, outcome: Outcome, deployment: Deployment) -> Finding:
    """Return the finding, with cause and fix where something is wrong."""
    wrong = outcome.verdict in {"failed", "noted"} and outcome.sign
    row = diagnose(outcome.sign) if wrong else None
    return Finding(
        name=check.name,
        verdict=outcome.verdict,
        tried=check.tried.format(origin=deployment.origin),
        found=outcome.found,
        cause=row.cause if row else "",
        fix=row.fix if row else "",
        left=outcome.left,
    )
