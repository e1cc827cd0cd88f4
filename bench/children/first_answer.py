"""One cold start: FOLDER MODULE EVENT STATUS PIPE [PACKAGES].

Imports a module of a folder and has its `handler` answer one event; as soon as the expected status is there,
writes the seconds of processor time that the process has taken. The module `bare` is only the interpreter.
This script imports nothing that a contestant would then have for free: `time` is in every interpreter.
"""

import sys
import time

folder, module, event_path, status, pipe, *packages = sys.argv[1:]
sys.path[:0] = [folder, *packages]
with open(event_path, "rb") as opened:  # noqa: PTH123 - pathlib costs what a contestant takes
    event = opened.read()
if module == "imports":
    import base64  # noqa: F401
    import hashlib  # noqa: F401
    import hmac  # noqa: F401
    import json  # noqa: F401
elif module != "bare":
    answer_status = __import__(module).handler(event, None)["statusCode"]
    if answer_status != int(status):
        sys.exit(f"{folder} answered {answer_status} instead of {status}")
with open(int(pipe), "wb") as answered:  # noqa: PTH123 - as above
    answered.write(str(time.process_time()).encode())
