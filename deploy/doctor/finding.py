"""The values that the checks take and give. No network here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from deploy.doctor.bucket_access import BucketAccess

Verdict = Literal["ok", "failed", "noted", "skipped"]
Kind = Literal["check", "open question"]


@dataclass(frozen=True)
class Deployment:
    """The addresses of a deployment. `origin` is an allowed one, `site_url` the site bucket's own address.

    `bucket_faults` asks the cloud what is wrong with the buckets of a stack, `find_access` finds the deployer's
    AccessKey for its upload bucket, and `parts_go` asks whether a rule of that deletes the parts of broken
    uploads; there is none of these without a stack. What `parts_go` returns is a sentence if OSS does not say.
    """

    token_url: str
    origin: str
    site_url: str | None = None
    bearer_token: str | None = field(default=None, repr=False)
    bucket_faults: Callable[[], Sequence[str]] | None = field(default=None, repr=False, compare=False)
    find_access: Callable[[], BucketAccess] | None = field(default=None, repr=False, compare=False)
    parts_go: Callable[[], bool | str] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Finding:
    """One check's result for the person who asked: what was tried and found, and the cause and fix of a failure.

    `name` never changes, for programs. `left` lists objects that this check left in the upload bucket, as
    `bucket/key`, and `removed` those that it deleted, which an earlier check had left.
    OSS's documents do not answer an open question; `meaning` says what the answer means for this deployment.
    """

    name: str
    verdict: Verdict
    tried: str
    found: str
    cause: str = ""
    fix: str = ""
    left: tuple[str, ...] = ()
    kind: Kind = "check"
    meaning: str = ""
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a check returns. The `symptom` of a verdict failed or noted is looked up in `causes.TABLE`.

    An open question is failed only by an unsafe answer; every other answer is noted, with its `meaning`.
    """

    verdict: Verdict
    found: str
    symptom: str = ""
    left: tuple[str, ...] = ()
    meaning: str = ""
    removed: tuple[str, ...] = ()
