"""One cold start: FOLDER MODULE EVENT STATUS PIPE [PACKAGES].

Imports a module of a folder and has its `handler` answer one event; writes a byte as soon as the status is
the expected one. Without a folder it answers nothing, which is the bare interpreter. A contestant may import
whatever it likes, so nothing is imported here that it could miss or have for free.
"""

import sys

folder, module, event_path, status, pipe, *packages = sys.argv[1:]
sys.path[:0] = [folder, *packages]
with open(event_path, "rb") as opened:  # noqa: PTH123 - pathlib costs what a contestant takes
    event = opened.read()
if module == "imports":
    pass
elif module != "bare":
    told = __import__(module).handler(event, None)["statusCode"]
    if told != int(status):
        sys.exit(f"{folder} answered {told} instead of {status}")
with open(int(pipe), "wb") as answered:  # noqa: PTH123 - as above
    answered.write(b"1")
