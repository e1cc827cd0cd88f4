"""`make oss`: the stand-in OSS alone, one process for each bucket, until Ctrl-C.

LOCAL_OSS_BUCKETS lists the buckets with their ports, such as `media:9000,pages:9010`. The other options are
those of `oss_emulator/settings.py` and hold for every bucket. LOCAL_STATE is the folder of the files that are
kept between runs (`.local/make-oss/` unless set).
"""

import sys
from collections.abc import Mapping

from local.launcher import callback_public_key, launch, run_until_ended, state_files, take_state_folder
from local.oss_options import Options, OptionsError, bucket_processes, read_options, ready_lines

STATE = ".local/make-oss"


def start(env: Mapping[str, str]) -> int:
    """Read the options, prepare the state folder, start the processes and wait."""
    options = refuse(env)
    paths = state_files(env, STATE)
    key = options.settings.callback_key
    option = "" if key == paths.callback_key else "LOCAL_OSS_CALLBACK_KEY"
    # the key is made here, before the buckets read it
    lifeline = take_state_folder(paths, lambda: callback_public_key(key, option))
    return run_until_ended(bucket_processes(env, options, paths), lifeline, ready_lines(options))


def refuse(env: Mapping[str, str]) -> Options:
    """Return the options; exit with a sentence if they are wrong. Needs no package."""
    try:
        return read_options(env, state_files(env, STATE))
    except OptionsError as error:
        sys.exit(f"The stand-in cannot start: {error}.")


if __name__ == "__main__":
    launch("make oss", start)
