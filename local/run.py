"""`make run`: the two functions, the stand-in OSS and the site on this machine, until Ctrl-C.

TOKEN_PORT, CALLBACK_PORT, UPLOAD_PORT and SITE_PORT choose the ports. LOCAL_STATE is the folder of the files
that are kept between runs (`.local/` unless set).
"""

import sys
from collections.abc import Mapping

from local.development_settings import Ports, half_an_access_key, process_specs
from local.launcher import (
    HIGHEST_PORT,
    callback_public_key,
    is_free,
    launch,
    port_number,
    run_until_ended,
    state_files,
    take_state_folder,
)
from local.process_spec import Paths, address, pick
from local.website import Page, write_page

DEFAULT_PORTS = {"TOKEN_PORT": 9001, "CALLBACK_PORT": 9002, "UPLOAD_PORT": 9000, "SITE_PORT": 8080}


def start(env: Mapping[str, str]) -> int:
    """Prepare the state folder, start the processes and wait."""
    ports = Ports(*free_ports(env))
    paths = state_files(env, ".local")
    if half_an_access_key(env):
        sys.exit("Half an AccessKey is set: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET both, or neither.")
    if env.get("SIGN_IN") not in {None, "", "true"}:
        sys.exit("SIGN_IN takes true; without it, anyone may upload.")
    if env.get("SIGN_IN") and (both := pick(env, ("ALLOW_ANONYMOUS", "AUTH_JWKS"))):
        sys.exit(
            f"SIGN_IN and {next(iter(both))} are both set: each says who may upload, so set one of them."
        )
    lifeline = take_state_folder(paths, lambda: write_site(env, paths, ports))
    specs = process_specs(env, ports, paths, callback_public_key(paths.callback_key))
    return run_until_ended(specs, lifeline, ready_lines(env, ports))


def write_site(env: Mapping[str, str], paths: Paths, ports: Ports) -> None:
    """Write the files of the site that name its functions and its bucket."""
    chosen = pick(env, ("CALLBACK_URL", "UPLOAD_HOST"))
    page = Page(
        token_url=address(ports.token),
        callback_url=chosen.get("CALLBACK_URL", address(ports.callback)),
        upload_url=chosen.get("UPLOAD_HOST", address(ports.upload)),
    )
    write_page(paths.page, paths.site, page)


def ready_lines(env: Mapping[str, str], ports: Ports) -> str:
    """Return the lines that are printed when all processes answer."""
    sign_in = "Users sign in (用户须登录): make -s token-for USER=alice\n" if env.get("SIGN_IN") else ""
    return (
        f"\nOpen {address(ports.site)}/ in a browser; Ctrl-C ends everything. "
        "用浏览器打开上面的地址; Ctrl-C 结束。\n"
        f"What OSS stored, called back and refused (OSS 存储、回调、拒绝了什么): {address(ports.upload)}/-/\n"
        f"{sign_in}"
    )


def free_ports(env: Mapping[str, str]) -> list[int]:
    """Return the four ports; exit with a sentence if one is no port number, chosen twice or in use."""
    ports: dict[int, str] = {}
    for name, default in DEFAULT_PORTS.items():
        port = port_number(env.get(name, str(default)))
        if not port:
            sys.exit(f"{name} is not a port: it takes a number from 1 to {HIGHEST_PORT}.")
        if port in ports:
            sys.exit(f"{name} and {ports[port]} are both {port}: each needs a port of its own.")
        if not is_free(port):
            sys.exit(f"Port {port} is in use: end what uses it, or choose another with {name}=PORT.")
        ports[port] = name
    return list(ports)


if __name__ == "__main__":
    launch("make run", start)
