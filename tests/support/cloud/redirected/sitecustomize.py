"""In a process of a test: the public addresses of Alibaba Cloud are a server on this machine."""

import os
import socket
from typing import Any

resolve = socket.getaddrinfo
server = os.environ["PUBLIC_SERVER"].split(":")


def redirect(host: str, port: Any, *options: Any, **more: Any) -> Any:
    """Look up a name, as `socket.getaddrinfo` does."""
    public = host.endswith(".aliyuncs.com")
    return resolve(*(server if public else (host, port)), *options, **more)


socket.getaddrinfo = redirect  # type: ignore[assignment]
