"""The default settings of `make run`, and the environment of each of its four processes.

The settings go to the started processes only. A variable in the developer's environment replaces the default,
but for the site's own origins: they are always allowed.

HOST is the name by which other machines reach this one. The functions take `http` only for 127.0.0.1 and the
like, so their settings keep these addresses, and the emulated trigger translates: see `fc/addresses.py`.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from local.process_spec import (
    HOST,
    Paths,
    ProcessSpec,
    address,
    base_environment,
    bucket_process,
    function_process,
    listening,
    pick,
)

BUCKET, SITE_BUCKET, REGION = "development-uploads", "development-site", "cn-hangzhou"
TIMEOUTS = {"token": "15", "callback": "5"}  # seconds, as template.yml has them
CREDENTIALS = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALIBABA_CLOUD_SECURITY_TOKEN",
)
# `make run SIGN_IN=true` accepts tokens of this issuer, and `make token-for` signs them
IDENTITY = {
    "AUTH_HS256_SECRET": "development-identity-secret-for-one-machine-only",
    "AUTH_ISSUER": "http://127.0.0.1/development-identity",
    "AUTH_AUDIENCE": "development-uploads",
}
TOKEN_VARIABLES = (
    "UPLOAD_BUCKET",
    "OSS_REGION",
    "UPLOAD_PREFIX",
    "UPLOAD_HOST",
    "OBJECT_URL",
    "CALLBACK_URL",
    "TICKET_SECRET",
    "ALLOWED_ORIGINS",
    "MAX_BYTES",
    "MULTIPART_BYTES",
    "ALLOWED_TYPES",
    "PROBLEM_TYPES_URL",
    "ALLOW_ANONYMOUS",
    "AUTH_JWKS",
    "AUTH_HS256_SECRET",
    "AUTH_ISSUER",
    "AUTH_AUDIENCE",
    "PERMIT_SECRET",
    "PROFILES",
    "ALLOW_DIRECTORY_GRANTS",
    "DIRECTORY_MAX_BYTES",
    "SIGNATURE_VERSION",
)
CALLBACK_VARIABLES = (
    "UPLOAD_BUCKET",
    "OSS_REGION",
    "UPLOAD_PREFIX",
    "UPLOAD_HOST",
    "OBJECT_URL",
    "TICKET_SECRET",
    "ALLOWED_ORIGINS",
    "ALLOWED_TYPES",
    "PROBLEM_TYPES_URL",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "DETECT_TYPE",
    "READ_SECONDS",
    "IMAGE_STYLES",
    "PUBLIC_KEY_PEM",
)
EMULATE_VARIABLES = ("EMULATE_BASE64", "EMULATE_TIMEOUT")
OSS_VARIABLES = (
    "LOCAL_OSS_CREDENTIALS",
    "LOCAL_OSS_CALLBACK_SECONDS",
    "LOCAL_OSS_PRIVATE_CALLBACKS",
    "LOCAL_OSS_SWITCHES",
)
# for the upload bucket only: they must not close the site, or have browsers download its page
UPLOAD_VARIABLES = (
    "LOCAL_OSS_ACL",
    "LOCAL_OSS_BLOCK_PUBLIC_ACCESS",
    "LOCAL_OSS_DOMAIN",
    "LOCAL_OSS_V1_SIGNATURES",
    "LOCAL_OSS_IMAGES",
)
KNOWN_VARIABLES = (
    *TOKEN_VARIABLES,
    *CALLBACK_VARIABLES,
    *EMULATE_VARIABLES,
    *OSS_VARIABLES,
    *UPLOAD_VARIABLES,
)


class Ports(NamedTuple):
    """The port of each process on 127.0.0.1."""

    token: int
    callback: int
    upload: int
    site: int


def development_values(ports: Ports, public_key_pem: str) -> dict[str, str]:
    """Return a value for every setting that the functions require."""
    return {
        "UPLOAD_BUCKET": BUCKET,
        "OSS_REGION": REGION,
        "UPLOAD_HOST": address(ports.upload),
        "CALLBACK_URL": address(ports.callback),
        "OBJECT_URL": address(ports.upload),
        "TICKET_SECRET": "development-ticket-secret-for-one-machine-only",
        "PERMIT_SECRET": "development-permit-secret-for-one-machine-only",
        "MAX_BYTES": str(400 * 1024**2),
        "READ_SECONDS": "900",
        "PUBLIC_KEY_PEM": public_key_pem,
        "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
    }


def site_origins(ports: Ports, host: str = "") -> tuple[str, ...]:
    """Return the origins under which a browser may show the site."""
    return tuple(address(ports.site, name) for name in (HOST, "localhost", host) if name)


def joined(*origins: str) -> str:
    """Join lists of origins to one that has each of them once."""
    return ",".join(dict.fromkeys(one.strip() for listed in origins for one in listed.split(",")))


def translations(origins: str, ports: Ports, host: str) -> dict[str, str]:
    """Return what browsers write at `host` for each address of this machine, and for each origin there."""
    if not host:
        return {}
    found = [address(port, host) for port in ports]
    found += [
        origin
        for origin in origins.split(",")
        if re.fullmatch(rf"http://{re.escape(host)}(:[0-9]+)?", origin)
    ]
    return {theirs.replace(host, HOST, 1): theirs for theirs in found}


def sign_in_settings(env: Mapping[str, str]) -> dict[str, str]:
    """Return who may upload: development users with SIGN_IN, else whom the environment names, else anyone."""
    if env.get("SIGN_IN"):
        return IDENTITY
    chosen = pick(env, ("ALLOW_ANONYMOUS", "AUTH_JWKS", "AUTH_HS256_SECRET"))
    return {} if chosen else {"ALLOW_ANONYMOUS": "true"}


def credentials(env: Mapping[str, str]) -> dict[str, str]:
    """Return an AccessKey: the environment's if it has one, else an invented one; never parts of both."""
    given = pick(env, CREDENTIALS)
    invented = ("development-access-key-id", "development-access-key-secret", "development-security-token")
    static = CREDENTIALS[:2] if signs_v1(env) else CREDENTIALS
    return given or dict(zip(static, invented, strict=False))


def signs_v1(env: Mapping[str, str]) -> bool:
    """Tell whether directory grants are signed by V1, which needs an AccessKey without a security token."""
    return env.get("SIGNATURE_VERSION") == "V1"


def half_an_access_key(env: Mapping[str, str]) -> bool:
    """Tell whether a part of an AccessKey is set, but not both its id and its secret."""
    given = pick(env, CREDENTIALS)
    return bool(given) and not given.keys() >= set(CREDENTIALS[:2])


def process_specs(
    env: Mapping[str, str], ports: Ports, paths: Paths, public_key_pem: str
) -> tuple[ProcessSpec, ...]:
    """Return the four processes, each with its whole environment."""
    host, listen = env.get("HOST", ""), listening(env)
    values = {
        **development_values(ports, public_key_pem),
        **sign_in_settings(env),
        **({"LOCAL_OSS_V1_SIGNATURES": "accept"} if signs_v1(env) else {}),
        **({"LOCAL_OSS_IMAGES": "original"} if env.get("IMAGE_STYLES") else {}),
        **pick(env, KNOWN_VARIABLES),
        **credentials(env),
    }
    origins = joined(*site_origins(ports, host), *pick(env, ["ALLOWED_ORIGINS"]).values())
    theirs = translations(origins, ports, host)
    own = {outside: inside for inside, outside in theirs.items()}
    functions = {**values, "ALLOWED_ORIGINS": joined(*(own.get(one, one) for one in origins.split(",")))}
    buckets = {**values, "ALLOWED_ORIGINS": origins}
    emulated = {"EMULATE_HOST": host, "EMULATE_ADDRESSES": json.dumps(theirs)} if host else {}
    shared, bucket = base_environment(env), values["UPLOAD_BUCKET"]
    token = {
        **shared,
        **emulated,
        **function_env(paths, "token", "GET,POST,OPTIONS", functions, TOKEN_VARIABLES),
    }
    callback = function_env(paths, "callback", "POST,OPTIONS", functions, CALLBACK_VARIABLES)
    upload = {
        **shared,
        **bucket_env(paths, bucket, buckets, host),
        **pick(values, UPLOAD_VARIABLES),
        "LOCAL_OSS_NEIGHBOURS": f"{SITE_BUCKET}={address(ports.site, host)}",
    }
    site = {
        **shared,
        **bucket_env(paths, SITE_BUCKET, buckets, host),
        "LOCAL_OSS_NEIGHBOURS": f"{bucket}={address(ports.upload, host)}",
        "LOCAL_OSS_WEBSITE": os.pathsep.join((str(paths.site), str(paths.page))),
        # on a domain of OSS itself, browsers download a page instead of showing it
        "LOCAL_OSS_DOMAIN": "custom",
    }
    return (
        function_process(paths, "token", ports.token, token, listen),
        function_process(paths, "callback", ports.callback, {**shared, **emulated, **callback}, listen),
        bucket_process(paths, "upload", ports.upload, upload, listen),
        bucket_process(paths, "site", ports.site, site, listen),
    )


def function_env(
    paths: Paths, name: str, methods: str, values: Mapping[str, str], variables: tuple[str, ...]
) -> dict[str, str]:
    """Return the variables of one function: its settings, its AccessKey and its trigger's settings."""
    return {
        "EMULATE_TIMEOUT": TIMEOUTS[name],
        **pick(values, (*variables, *CREDENTIALS, *EMULATE_VARIABLES)),
        "EMULATE_FUNCTION": str(paths.repository / "functions" / name),
        "EMULATE_METHODS": methods,
    }


def bucket_env(paths: Paths, bucket: str, values: Mapping[str, str], host: str) -> dict[str, str]:
    """Return the variables of one bucket of the stand-in, which accepts the AccessKey of the functions."""
    names = ("access_key_id", "access_key_secret", "security_token")
    variables = zip(names, CREDENTIALS, strict=True)
    key = {name: values[variable] for name, variable in variables if variable in values}
    return {
        "LOCAL_OSS_CREDENTIALS": json.dumps([key]),
        "LOCAL_OSS_REGION": values["OSS_REGION"],
        "LOCAL_OSS_ALLOWED_ORIGINS": values["ALLOWED_ORIGINS"],
        "LOCAL_OSS_CALLBACK_KEY": str(paths.callback_key),
        "LOCAL_OSS_BUCKET": bucket,
        "LOCAL_OSS_FOLDER": str(paths.objects(bucket)),
        **({"LOCAL_OSS_HOST": host} if host else {}),
        **pick(values, OSS_VARIABLES),
    }
