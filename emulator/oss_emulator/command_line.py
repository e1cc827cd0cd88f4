"""The command `oss-emulator`: options and LOCAL_OSS_* variables to settings, a server, and its first lines.

An option comes before its variable, a variable before the value for development.
"""

import argparse
import contextlib
import ipaddress
import os
import signal
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oss_emulator import __version__, development
from oss_emulator.addressing import BUCKET_NAME
from oss_emulator.console.routes import is_console_request
from oss_emulator.http_messages import Answer, Request
from oss_emulator.request_log import log_line
from oss_emulator.served_buckets import ServedBuckets
from oss_emulator.settings import BUCKET_ACLS, Settings, SettingsError, from_env
from oss_emulator.web.certificate import CERTIFICATE, tls_context
from oss_emulator.web.server import MAX_CONNECTIONS, WebServer

DEFAULT_PORT = 9000

# Options that are another name of a variable, with what argparse needs to know of them.
_VARIABLES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "--region": ("LOCAL_OSS_REGION", {"metavar": "ID", "help": "region id, such as cn-hangzhou"}),
    "--origins": (
        "LOCAL_OSS_ALLOWED_ORIGINS",
        {
            "metavar": "LIST",
            "help": "origins that CORS allows, until PutBucketCors: http://localhost:3000,...",
        },
    ),
    "--public-url": (
        "LOCAL_OSS_PUBLIC_URL",
        {"metavar": "URL", "help": "address at which your application reaches it, behind a proxy"},
    ),
    "--acl": ("LOCAL_OSS_ACL", {"choices": BUCKET_ACLS, "help": "ACL of new buckets"}),
    "--switches": ("LOCAL_OSS_SWITCHES", {"metavar": "LIST", "help": "open questions: name=value,..."}),
}


@dataclass(frozen=True)
class Options:
    """What the command was told: the settings of the first bucket, the others, and how to serve them."""

    settings: Settings
    others: Sequence[str]
    host: str
    port: int
    max_connections: int
    quiet: bool
    alone: bool
    tls: ssl.SSLContext | None = None
    certificate: Path | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status. A wrong option ends with one sentence."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _serve(read_options(sys.argv[1:] if arguments is None else arguments, os.environ))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _serve(options: Options) -> int:
    try:
        buckets = ServedBuckets(options.settings, options.others, alone=options.alone)
    except SettingsError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"its files cannot be used ({error.strerror})")
    except (TypeError, ValueError):
        return _fail("the file for the callback key (LOCAL_OSS_CALLBACK_KEY) is not a private RSA key")
    try:
        server = WebServer(
            buckets.respond,
            options.host,
            options.port,
            max_connections=options.max_connections,
            tls=options.tls,
            log=_ignore if options.quiet else _print_request,
        )
    except OSError as error:
        where = f"{options.host}, port {options.port}"
        return _fail(f"it cannot listen on {where} ({os.strerror(error.errno) if error.errno else error})")
    if not options.quiet:
        print("\n".join(ready_lines(options, server.port)), flush=True)
    server.serve()
    return 0


def read_options(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read options and variables. Exits with a sentence that names all that is wrong, never a value."""
    given = _parser().parse_args(arguments)
    try:
        settings = _settings(given, environment)
    except SettingsError as error:
        sys.exit(_fail(str(error)))
    if (
        not _is_loopback(given.host)
        and not given.allow_network
        and development.is_known(settings.credentials)
    ):
        sys.exit(
            _fail(
                "with the key for development, which everybody knows, it listens on this machine only: "
                "give keys of your own (LOCAL_OSS_CREDENTIALS or --credentials), or say --allow-network"
            )
        )
    options = Options(
        settings=settings,
        others=(given.bucket or ())[1:],
        host=given.host,
        port=given.port,
        max_connections=given.max_connections,
        quiet=given.quiet,
        alone=not given.bucket and bool(environment.get("LOCAL_OSS_BUCKET")),
    )
    if not given.tls:
        return options
    folder = given.folder or development.FOLDER
    own = (settings.host or given.host, "localhost", "127.0.0.1")
    names = (*own, *(f"{name}.localhost" for name in (settings.bucket, *options.others)))
    try:
        context = tls_context(folder, names, time.time())
    except (OSError, ValueError):
        sys.exit(_fail(f"the certificate in {folder} cannot be read or made; delete it, and it is made anew"))
    return replace(options, tls=context, certificate=folder / CERTIFICATE)


def ready_lines(options: Options, port: int) -> list[str]:
    """Return the lines that are printed when the server listens; a secret only if everybody knows it."""
    settings = options.settings
    scheme = "https" if options.tls else "http"
    where = f"{scheme}://{f'[{options.host}]' if ':' in options.host else options.host}:{port}"
    ids = ", ".join(key.access_key_id for key in settings.credentials) or "none"
    secret = f", secret {development.ACCESS_KEY['access_key_secret']}"
    names = ", ".join((settings.bucket, *options.others))
    return [
        f"OSS emulator at {where} (what it stored, called back and refused: {where}/-/); Ctrl-C ends it",
        f"  buckets: {names}; region: {settings.region}",
        f"  AccessKey: {ids}{secret if development.is_known(settings.credentials) else ''}",
        *([f"  certificate, for clients to trust: {options.certificate}"] if options.certificate else []),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oss-emulator",
        description="An emulator of Alibaba Cloud OSS for development and tests.",
        epilog="Every LOCAL_OSS_* variable of the README counts too; an option comes first.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--host", default=development.HOST, help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port, 0 for a free one (%(default)s)")
    parser.add_argument(
        "--bucket", action="append", type=_bucket_name, metavar="NAME", help="may be given several times"
    )
    parser.add_argument("--folder", type=Path, help="where buckets are kept (.oss-emulator)")
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE", help="file with the JSON list of LOCAL_OSS_CREDENTIALS"
    )
    for option, (variable, details) in _VARIABLES.items():
        parser.add_argument(option, dest=variable, **details)  # type: ignore[arg-type]
    parser.add_argument(
        "--v1", action="store_true", help="accept V1 signatures, which OSS refuses to new buckets"
    )
    parser.add_argument(
        "--tls", action="store_true", help="HTTPS, with a certificate that it makes in its folder"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print nothing but errors, and no line for each request"
    )
    parser.add_argument("--allow-network", action="store_true", help="listen beyond this machine in any case")
    parser.add_argument(
        "--max-connections", type=int, default=MAX_CONNECTIONS, metavar="N", help="at once (%(default)s)"
    )
    return parser


def _bucket_name(text: str) -> str:
    if not BUCKET_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("3 to 63 lower-case letters, digits and hyphens")
    return text


def _settings(given: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Return the settings of the first bucket. Raises SettingsError."""
    variables = {name: value for name, value in environment.items() if value}
    variables |= {name: value for name in _own_variables() if (value := getattr(given, name))}
    if given.credentials:
        try:
            variables["LOCAL_OSS_CREDENTIALS"] = given.credentials.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError("the file that --credentials names cannot be read") from error
    if given.v1:
        variables["LOCAL_OSS_V1_SIGNATURES"] = "accept"
    names = given.bucket or [variables.get("LOCAL_OSS_BUCKET", development.BUCKET)]
    if len(set(names)) < len(names):
        raise SettingsError("--bucket names a bucket twice")
    folder = given.folder or Path(variables.get("LOCAL_OSS_FOLDER", development.FOLDER))
    key = {"LOCAL_OSS_CALLBACK_KEY": str(folder / "callback_key.pem")}
    own = {"LOCAL_OSS_BUCKET": names[0], "LOCAL_OSS_FOLDER": str(folder)}
    return from_env({**development.VARIABLES, **key, **variables, **own})


def _own_variables() -> list[str]:
    return [variable for variable, _ in _VARIABLES.values()]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _print_request(request: Request, answer: Answer | None, seconds: float) -> None:
    """Print a line for a request, unless it is for the emulator's own page."""
    if not is_console_request(request):
        with contextlib.suppress(OSError):  # the reader of the output has gone
            print(log_line(request, answer, seconds), flush=True)


def _ignore(_request: Request, _answer: Answer | None, _seconds: float) -> None:
    """Print nothing."""


def _fail(reason: str) -> int:
    """Say why the emulator cannot start; return the exit status."""
    print(f"The OSS emulator cannot start: {reason}.", file=sys.stderr)
    return 1
