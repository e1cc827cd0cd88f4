"""All checks in their order, and how they are run: as a page would use the deployment, and as an attacker would."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from deploy.doctor import (
    anonymous_access,
    domains,
    multipart,
    open_questions,
    ownership,
    page_script,
    preflight,
    signed_questions,
    tampering,
    upload,
)
from deploy.doctor.causes import diagnose
from deploy.doctor.context import Check, Context
from deploy.doctor.finding import Deployment, Finding, Outcome
from deploy.doctor.probe import Exchange

# the upload is the callback function's first call: a cold start then counts where it counts for users
ORDER = (
    *ownership.CHECKS,
    *preflight.CHECKS,
    *upload.CHECKS,
    *preflight.AFTER_UPLOAD,
    *domains.CHECKS,
    *page_script.CHECKS,
    *anonymous_access.CHECKS,
    *tampering.CHECKS,
    *multipart.CHECKS,
    *open_questions.CHECKS,
    *signed_questions.CHECKS,
)

OWNERSHIP = ownership.CHECKS[0].name


def examine(
    deployment: Deployment, record: Callable[[Exchange], None] | None = None
) -> Generator[Finding, None, None]:
    """Yield each check's finding when it is known. A check that needs one that failed is skipped.

    All need `ownership`: a deployment that may be somebody else's gets neither token nor file.
    `record` is given each exchange with the deployment. No upload stays unfinished at OSS, also where the
    iteration ends early.
    """
    context = Context(deployment, record=record)
    try:
        yield from findings(context)
    finally:
        multipart.abort_unfinished(context)


def findings(context: Context) -> Iterator[Finding]:
    """Yield each check's finding."""
    unavailable: set[str] = set()
    for check in ORDER:
        missing = [name for name in (OWNERSHIP, *check.needs) if name in unavailable]
        context.check = check.name
        outcome = Outcome("skipped", f"needs {missing[0]}") if missing else run_check(check, context)
        if missing or outcome.verdict == "failed":
            unavailable.add(check.name)
        context.left += outcome.left
        yield finding_of(check, outcome, context.deployment)


def run_check(check: Check, context: Context) -> Outcome:
    """Run a check; it is skipped where an answer lacks the value that the check is about."""
    try:
        return check.run(context)
    except (LookupError, ValueError) as error:
        return Outcome("skipped", f"the answers do not show it ({type(error).__name__})")


def finding_of(check: Check, outcome: Outcome, deployment: Deployment) -> Finding:
    """Return the finding, with cause and fix where something is wrong."""
    wrong = outcome.verdict in {"failed", "noted"} and outcome.symptom
    row = diagnose(outcome.symptom) if wrong else None
    return Finding(
        name=check.name,
        verdict=outcome.verdict,
        tried=check.tried.format(origin=deployment.origin),
        found=outcome.found,
        cause=row.cause if row else "",
        fix=row.fix if row else "",
        left=outcome.left,
        kind=check.kind,
        meaning=outcome.meaning,
        removed=outcome.removed,
    )
