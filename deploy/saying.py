"""How a command that speaks to the cloud ends: well, or with a sentence and a status of 1."""

from __future__ import annotations

import sys
from collections.abc import Callable

from alibabacloud_oss_v2.exceptions import BaseError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from arguments import Unusable
from ros_stack import StackFailed


def status(run: Callable[[], None]) -> int:
    """Run a command; return its exit status, having said why it failed."""
    try:
        run()
    except Unusable as problem:
        return failed(str(problem))
    except EOFError:  # input() found no terminal
        return failed("Nobody can be asked here: say YES=1.")
    except StackFailed as failure:
        return failed(f"ROS could not do it. The first that failed: {failure}")
    except (AlibabaCloudException, BaseError) as refused:
        return failed(f"Alibaba Cloud refused: {refused}")
    return 0


def failed(sentence: str) -> int:
    """Say why, where errors are said; return the status."""
    print(sentence, file=sys.stderr)
    return 1
