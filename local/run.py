"""`make run`: the two functions, the stand-in OSS and the site on this machine, until Ctrl-C.

Ports come from TOKEN_PORT, CALLBACK_PORT, UPLOAD_PORT and SITE_PORT; what is kept between runs is in
LOCAL_STATE (`.local/` unless set). What is known to fail is said in one sentence before anything starts.
"""

import importlib.util
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
NEEDED = ("honcho", "functions_framework", "cryptography", "multipart", "fastcrc")
DEFAULT_PORTS = {"TOKEN_PORT": 9001, "CALLBACK_PORT": 9002, "UPLOAD_PORT": 9000, "SITE_PORT": 8080}
HIGHEST_PORT = 65535


def main() -> int:
    """Check what is installed, then start; what the rest imports has just been looked for."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. `make run` sets everything up.")
    return start(os.environ)


def start(env: Mapping[str, str]) -> int:
    """Prepare the state folder, start the processes and wait."""
    from development import Files, Ports, address, half_an_access_key, members  # noqa: PLC0415
    from lifeline import Lifeline, TakenError  # noqa: PLC0415
    from processes import Processes  # noqa: PLC0415

    ports = Ports(*free_ports(env))
    files = Files(REPOSITORY, Path(env.get("LOCAL_STATE") or REPOSITORY / ".local").resolve())
    if half_an_access_key(env):
        sys.exit("Half an AccessKey is set: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET both, or neither.")
    try:
        files.site.mkdir(parents=True, exist_ok=True)
        lifeline = Lifeline(files.lock)
        (files.site / "config.json").write_text(json.dumps({"tokenUrl": f"{address(ports.token)}/"}) + "\n")
    except TakenError:
        sys.exit(f"Another `make run` uses {files.state}: end it, or set LOCAL_STATE to another folder.")
    except OSError as error:
        sys.exit(f"{files.state} cannot be used ({error.strerror}): set LOCAL_STATE to another folder.")
    page = f"{address(ports.site)}/"
    ready = f"\nOpen {page} in a browser; Ctrl-C ends everything. 用浏览器打开上面的地址; Ctrl-C 结束。\n"
    started = members(env, ports, files, callback_public_key(files.callback_key))
    return Processes(started, REPOSITORY, lifeline, ready).run()


def callback_public_key(path: Path) -> str:
    """Return the public half of the stand-in's callback key, made when absent."""
    from oss.callback_key import load_or_make_key, public_pem  # noqa: PLC0415

    try:
        return public_pem(load_or_make_key(path)).decode()
    except (TypeError, ValueError):
        sys.exit(f"{path} is not a private RSA key: delete it, and it is made anew.")


def free_ports(env: Mapping[str, str]) -> list[int]:
    """Return the ports in order; exit with a sentence if one is no port, named twice or in use."""
    ports: dict[int, str] = {}
    for name, default in DEFAULT_PORTS.items():
        text = env.get(name, str(default))
        port = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
        if not 0 < port <= HIGHEST_PORT:
            sys.exit(f"{name} is not a port: it takes a number from 1 to {HIGHEST_PORT}.")
        if port in ports:
            sys.exit(f"{name} and {ports[port]} are both {port}: each needs a port of its own.")
        if not is_free(port):
            sys.exit(f"Port {port} is in use: end what uses it, or choose another with {name}=PORT.")
        ports[port] = name
    return list(ports)


def is_free(port: int) -> bool:
    """Say whether a server could listen here, by listening for a moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn: TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # before anything was started
        sys.exit(130)
