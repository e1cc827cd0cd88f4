"""The options of `make oss`, the environment of each of its buckets, and its lines when all are ready.

What one bucket's variables mean is `oss/settings.py`'s; here is only what the launcher adds: several buckets,
development values for the settings that an OSS account would have, and the addresses of the other buckets.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from local.launcher import HIGHEST_PORT, port_number, why_taken
from local.process_spec import Paths, ProcessSpec, address, base_environment, bucket_process, pick
from oss_emulator import development
from oss_emulator.addressing import BUCKET_NAME
from oss_emulator.settings import Settings, SettingsError, from_env

DEFAULT_BUCKETS = "examplebucket:9000"
OPTIONS = (
    *development.VARIABLES,
    "LOCAL_OSS_CALLBACK_KEY",
    "LOCAL_OSS_ALLOWED_ORIGINS",
    "LOCAL_OSS_CALLBACK_SECONDS",
    "LOCAL_OSS_SWITCHES",
    "LOCAL_OSS_ACL",
    "LOCAL_OSS_BLOCK_PUBLIC_ACCESS",
    "LOCAL_OSS_DOMAIN",
    "LOCAL_OSS_V1_SIGNATURES",
    "LOCAL_OSS_IMAGES",
)


class OptionsError(Exception):
    """Names every wrong option and what was expected; never a value, which might be a secret."""


class Options(NamedTuple):
    """The port of each bucket by its name, and the options of every bucket: as variables and as settings."""

    ports: Mapping[str, int]
    variables: Mapping[str, str]
    settings: Settings


def read_options(env: Mapping[str, str], paths: Paths) -> Options:
    """Read the options; `OptionsError` names all that are wrong."""
    ports, faults = _read_buckets(env.get("LOCAL_OSS_BUCKETS") or DEFAULT_BUCKETS)
    key = Path(env.get("LOCAL_OSS_CALLBACK_KEY") or paths.callback_key).resolve()
    if key != paths.callback_key and not key.parent.is_dir():
        faults.append(
            "LOCAL_OSS_CALLBACK_KEY is the path of an RSA key, made if absent, in a folder that exists"
        )
    variables = {**development.VARIABLES, **pick(env, OPTIONS), "LOCAL_OSS_CALLBACK_KEY": str(key)}
    try:
        settings = from_env({**variables, **_own_variables("any", paths, {})})
    except SettingsError as error:
        raise OptionsError("; ".join([*faults, str(error)])) from error
    if faults:
        raise OptionsError("; ".join(faults))
    return Options(ports, variables, settings)


def bucket_processes(env: Mapping[str, str], options: Options, paths: Paths) -> tuple[ProcessSpec, ...]:
    """Return one process for each bucket, with its whole environment."""
    shared = {**base_environment(env), **options.variables}
    return tuple(
        bucket_process(paths, name, port, {**shared, **_own_variables(name, paths, options.ports)})
        for name, port in options.ports.items()
    )


def ready_lines(options: Options) -> str:
    """Return the lines that are printed when every bucket answers."""
    settings, addresses = options.settings, [address(port) for port in options.ports.values()]
    ids = ", ".join(credential.access_key_id for credential in settings.credentials) or "none"
    secret = ""
    if options.variables["LOCAL_OSS_CREDENTIALS"] == development.CREDENTIALS:
        secret = f", secret {development.ACCESS_KEY['access_key_secret']}"  # in the source, so no secret
    cors = (
        ", ".join(settings.allowed_origins) or "none (LOCAL_OSS_ALLOWED_ORIGINS or PutBucketCors sets them)"
    )
    return "\n".join(
        (
            "",
            "The stand-in for OSS is ready; Ctrl-C ends it. 模拟 OSS 已就绪。按 Ctrl-C 结束。",
            *(
                f"  {name}: {where} (what it stored, called back and refused: {where}/-/)"
                for name, where in zip(options.ports, addresses, strict=True)
            ),
            f"  region: {settings.region}",
            f"  AccessKey: {ids}{secret}",
            f"  origins allowed by CORS: {cors}",
            f"  public key of its callbacks: {addresses[0]}/-/callback_pub_key.pem",
            "",
        )
    )


def _read_buckets(text: str) -> tuple[dict[str, int], list[str]]:
    """Return the port of each bucket, and a sentence for each wrong entry, which is named by its number."""
    ports: dict[str, int] = {}
    faults = []
    for number, entry in enumerate(text.split(","), 1):
        name, _, port_text = entry.strip().partition(":")
        port = port_number(port_text)
        if not BUCKET_NAME.fullmatch(name) or not port:
            faults.append(
                f"entry {number} of LOCAL_OSS_BUCKETS is not name:port, a name of 3 to 63 lower-case "
                f"letters, digits and hyphens and a port from 1 to {HIGHEST_PORT}"
            )
        elif name in ports or port in ports.values():
            faults.append(f"entry {number} of LOCAL_OSS_BUCKETS repeats the name or the port of another")
        elif why := why_taken(port):
            faults.append(f"port {port} of LOCAL_OSS_BUCKETS {why}, or choose another")
        else:
            ports[name] = port
    return ports, faults


def _own_variables(name: str, paths: Paths, ports: Mapping[str, int]) -> dict[str, str]:
    """Return the variables that differ from bucket to bucket."""
    others = (f"{other}={address(port)}" for other, port in ports.items() if other != name)
    return {
        "LOCAL_OSS_BUCKET": name,
        "LOCAL_OSS_FOLDER": str(paths.objects(name)),
        "LOCAL_OSS_NEIGHBOURS": ",".join(others),
    }
