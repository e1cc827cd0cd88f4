"""Whether the buckets of a stack are the account's own, and hold the packages that a deploy put there."""

from __future__ import annotations

from deploy.doctor.context import Check, Context
from deploy.doctor.finding import Outcome


def ownership(context: Context) -> Outcome:
    find_faults = context.deployment.bucket_faults
    if find_faults is None:
        return Outcome("skipped", "no STACK was given")
    faults = find_faults()
    if faults:
        return Outcome("failed", " ".join(faults), "check not_own")
    return Outcome("ok", "the three buckets are this account's, the packages are as they were put there")


CHECKS = (Check("ownership", "the owner of the stack's buckets, and the packages in them", ownership),)
