"""The buckets of a stack: whether they are this account's, and hold the packages that a deploy put there.

A function runs whatever is in its package, with the function's role and secret; ROS may read the packages at
every change of the functions. Uploads and page go wherever the buckets' names lead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from deploy.aliyun.artifacts import stored_package
from deploy.aliyun.buckets import require_bucket
from deploy.aliyun.clients import Cloud
from deploy.errors import CommandError

BUCKETS = ("ArtifactBucket", "UploadBucket", "SiteBucket")
PACKAGES = ("TokenObject", "CallbackObject")
Parameters = Mapping[str, str]


def require_buckets(
    cloud: Cloud, account: str, parameters: Parameters, names: Iterable[str] = BUCKETS
) -> None:
    """Raise `CommandError` unless this account has these buckets of a stack, in its region."""
    for name in names:
        require_bucket(cloud, account, parameters[name])


def require_packages(cloud: Cloud, account: str, parameters: Parameters) -> None:
    """Raise `CommandError` unless a stack's packages are as a deploy put them into a bucket of this account.

    A package whose name has no digest, as earlier versions named them, cannot be compared. The next deploy
    gives the function a new one.
    """
    bucket = parameters["ArtifactBucket"]
    require_bucket(cloud, account, bucket)
    for name in PACKAGES:
        if stored_package(cloud.oss, bucket, parameters[name]) not in {"same", "unknown"}:
            raise changed_package(bucket, parameters[name])


def changed_package(bucket: str, package: str) -> CommandError:
    """Return the error for a package that a function uses, and that somebody changed or deleted."""
    return CommandError(
        f"{package} in {bucket} is not what make deploy put there, and the function may run it. Find out who "
        "changed it; then run make destroy, which keeps the uploads, and make deploy."
    )


def faults(cloud: Cloud, account: str, parameters: Parameters) -> Iterator[str]:
    """Yield a sentence for each bucket of a stack that is not as it must be, and one for its packages."""
    checks: list[Callable[[], None]] = [partial(require_packages, cloud, account, parameters)]
    checks += [partial(require_buckets, cloud, account, parameters, [name]) for name in BUCKETS[1:]]
    yield from filter(None, map(fault, checks))


def fault(check: Callable[[], object]) -> str:
    """Return the message of a check that fails, or an empty text."""
    try:
        check()
    except CommandError as error:
        return str(error)
    return ""
