"""`make run`: the two functions, the stand-in OSS and the site on this machine, until Ctrl-C.

TOKEN_PORT, CALLBACK_PORT, UPLOAD_PORT and SITE_PORT choose the ports. LOCAL_STATE is the folder of the files
that are kept between runs (`.local/` unless set). HOST serves other machines too, under that name.
"""

import re
import sys
from collections.abc import Mapping

from local.development_settings import CREDENTIALS, Ports, credentials, half_an_access_key, process_specs
from local.launcher import (
    HIGHEST_PORT,
    callback_public_key,
    launch,
    port_number,
    run_until_ended,
    state_files,
    take_state_folder,
    why_taken,
)
from local.process_spec import Paths, address, listening, pick
from local.settings_check import problems
from local.website import Page, write_page
from vendored.env import DEVELOPMENT, LABEL, OCTET, is_loopback

DEFAULT_PORTS = {"TOKEN_PORT": 9001, "CALLBACK_PORT": 9002, "UPLOAD_PORT": 9000, "SITE_PORT": 8080}
# empty, an address of four octets, or a name whose last part is no number; not an address that no peer has
HOST_NAME = re.compile(rf"|(?!0\.0\.0\.0$){OCTET}(\.{OCTET}){{3}}|({LABEL}\.)*(?![0-9]+$){LABEL}")


def start(env: Mapping[str, str]) -> int:
    """Prepare the state folder, start the processes and wait."""
    ports = refuse(env)
    paths = state_files(env, ".local")
    lifeline = take_state_folder(paths, lambda: write_site(env, paths, ports))
    specs = process_specs(env, ports, paths, callback_public_key(paths.callback_key))
    return run_until_ended(specs, lifeline, ready_lines(env, ports))


def refuse(env: Mapping[str, str]) -> Ports:
    """Return the ports; exit with a sentence if the start could not succeed with this environment.

    Needs no package: `make run` asks before it downloads any.
    """
    host = env.get("HOST", "")
    if not HOST_NAME.fullmatch(host) or is_loopback(f"http://{host}"):
        sys.exit(
            "HOST takes the IPv4 address, or the name in lower case, by which other machines reach this one."
        )
    ports = Ports(*free_ports(env))
    if half_an_access_key(env):
        sys.exit("Half an AccessKey is set: set ALIBABA_CLOUD_ACCESS_KEY_ID and _SECRET both, or neither.")
    if env.get("SIGN_IN") not in {None, "", "true"}:
        sys.exit("SIGN_IN takes true; without it, anyone may upload.")
    if env.get("SIGN_IN") and (both := pick(env, ("ALLOW_ANONYMOUS", "AUTH_JWKS"))):
        sys.exit(
            f"SIGN_IN and {next(iter(both))} are both set: each says who may upload, so set one of them."
        )
    wrong = list(problems(process_specs(env, ports, state_files(env, ".local"), "")))
    if wrong:
        sys.exit(f"These settings cannot be used: {'; '.join(wrong)}.")
    return ports


def write_site(env: Mapping[str, str], paths: Paths, ports: Ports) -> None:
    """Write the files of the site that name its functions and its bucket."""
    host, chosen = env.get("HOST", ""), pick(env, ("CALLBACK_URL", "UPLOAD_HOST"))
    page = Page(
        token_url=address(ports.token, host),
        callback_url=chosen.get("CALLBACK_URL", address(ports.callback, host)),
        upload_url=chosen.get("UPLOAD_HOST", address(ports.upload, host)),
    )
    write_page(paths.page, paths.site, page)


def ready_lines(env: Mapping[str, str], ports: Ports) -> str:
    """Return the lines that are printed when all processes answer."""
    host = env.get("HOST", "")
    site, upload = address(ports.site, host), address(ports.upload, host)
    given = " ".join(f"{name}={env[name]}" for name in ("UPLOAD_PORT", "HOST") if env.get(name))
    lines = [
        "",
        f"Open {site}/ in a browser; Ctrl-C ends everything. 用浏览器打开上面的地址; Ctrl-C 结束。",
        f"What OSS stored, called back and refused (OSS 存储、回调、拒绝了什么): {upload}/-/",
        f"A link to the newest upload (最新上传文件的链接): {f'make show {given}'.strip()}",
        f"AccessKey: {shown_key(credentials(env))}",
    ]
    if env.get("SIGN_IN"):
        lines.append("Users sign in (用户须登录): make -s token-for USER=alice")
    if host:
        lines.append(
            "Every machine that reaches this one may now upload, and read all uploads with this AccessKey. "
            "能访问本机的任何机器都可以上传, 并用此 AccessKey 读取所有文件。"
        )
    return "\n".join((*lines, ""))


def shown_key(key: Mapping[str, str]) -> str:
    """Return the AccessKey as it is printed: its secret parts only if they are invented."""
    identity, *secrets = (key.get(name, "") for name in CREDENTIALS)
    if not all(secret.startswith(DEVELOPMENT) for secret in secrets if secret):
        return identity
    secret, token = secrets
    return f"id {identity}, secret {secret}" + (f", security token {token}" if token else "")


def free_ports(env: Mapping[str, str]) -> list[int]:
    """Return the four ports; exit with a sentence if one is no port number, chosen twice or in use."""
    ports: dict[int, str] = {}
    for name, default in DEFAULT_PORTS.items():
        port = port_number(env.get(name, str(default)))
        if not port:
            sys.exit(f"{name} is not a port: it takes a number from 1 to {HIGHEST_PORT}.")
        if port in ports:
            sys.exit(f"{name} and {ports[port]} are both {port}: each needs a port of its own.")
        if why := why_taken(port, listening(env)):
            sys.exit(f"Port {port} {why}, or choose another with {name}=PORT.")
        ports[port] = name
    return list(ports)


if __name__ == "__main__":
    launch("make run", start)
