"""`make oss`: the stand-in OSS alone, one process for each bucket, until Ctrl-C.

LOCAL_OSS_BUCKETS names buckets and ports, such as `media:9000,pages:9010`; the other options are those of
`oss/settings.py`, for every bucket alike. What is kept between runs is in LOCAL_STATE (`.local/make-oss/`
unless set).
"""

import sys
from collections.abc import Mapping

from local.launcher import callback_public_key, launch, run_until_ended, state_files, take_state_folder


def start(env: Mapping[str, str]) -> int:
    """Read the options, prepare the state folder, start the processes and wait."""
    from local.oss_options import OptionsError, bucket_processes, read_options, ready_lines  # noqa: PLC0415

    files = state_files(env, ".local/make-oss")
    try:
        options = read_options(env, files)
    except OptionsError as error:
        sys.exit(f"The stand-in cannot start: {error}.")
    key = options.settings.callback_key
    option = "" if key == files.callback_key else "LOCAL_OSS_CALLBACK_KEY"
    lifeline = take_state_folder(
        files, lambda: callback_public_key(key, option)
    )  # made before the buckets look for it
    return run_until_ended(bucket_processes(env, options, files), lifeline, ready_lines(options))


if __name__ == "__main__":
    launch("make oss", start)
