"""The official SDKs' clients: whose credentials they use, which addresses they ask, when they try again."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

# without it, somebody without credentials waits for the metadata service of a machine that is no ECS instance
if not os.environ.get("ALIBABA_CLOUD_ECS_METADATA"):
    os.environ.setdefault("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")

import alibabacloud_oss_v2 as oss
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_fc20230330.client import Client as FunctionCompute
from alibabacloud_ros20190910.client import Client as Ros
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.policy.retry import RetryOptions

from deploy.errors import CommandError

CONNECT_SECONDS = 10
READ_SECONDS = 30
# errors that another try may not meet; OSS's SDK has a list of its own
RETRIES = RetryOptions(
    retry_condition=[
        {
            "maxAttempts": 6,
            "exception": ["RetryError", "ServerException", "ThrottlingException"],
            "errorCode": ["Throttling", "Throttling.Api", "Throttling.User"],
            "backoff": {"policy": "Exponential", "period": 500, "cap": 8000},  # milliseconds
        }
    ]
)
OSS_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com")
NO_CREDENTIALS = (
    "No credentials were found: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (and "
    "ALIBABA_CLOUD_SECURITY_TOKEN for a temporary key), or run aliyun configure."
)


class AccessKey(NamedTuple):
    """`security_token` is empty for a static key."""

    access_key_id: str
    access_key_secret: str
    security_token: str

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, ...)"


class Endpoints(NamedTuple):
    """The host of each service; `https` is false for loopback alone."""

    ros: str
    sts: str
    oss: str
    fc: str
    https: bool = True


class Cloud(NamedTuple):
    """The clients for one account in one region."""

    region: str
    ros: Ros
    sts: Sts
    oss: oss.Client
    fc: FunctionCompute


def connect_region(region: str, oss_endpoint: str = "") -> Cloud:
    """Return clients for a region, with its public hosts, or another one for OSS.

    Raises `CommandError` for a host that is none of OSS there, and if no credentials are found.
    """
    endpoints = public_endpoints(region)
    if oss_endpoint:
        endpoints = endpoints._replace(oss=oss_host(region, oss_endpoint))
    return connect(region, find_access_key(), endpoints)


def oss_host(region: str, given: str) -> str:
    """Return the host that was given for OSS. Raises `CommandError` unless it is one of OSS in the region."""
    host = given.removeprefix("https://").rstrip("/")
    if not OSS_HOST.fullmatch(host) or region not in host:
        raise CommandError(f"OSS_ENDPOINT takes a host of OSS in {region}, such as {internal_host(region)}.")
    return host


def internal_host(region: str) -> str:
    """Return OSS's host for machines in Alibaba Cloud's network in the region."""
    return f"oss-{region}-internal.aliyuncs.com"


def public_endpoints(region: str) -> Endpoints:
    """Return the public hosts.

    Sources: ROS "Request method guidelines" (one public endpoint for all regions), and the SDKs' own tables.
    """
    return Endpoints(
        ros="ros.aliyuncs.com",
        sts=f"sts.{region}.aliyuncs.com",
        oss=f"oss-{region}.aliyuncs.com",
        fc=f"fcv3.{region}.aliyuncs.com",
    )


def find_access_key() -> AccessKey:
    """Return the credentials of environment, OIDC or profile. Raises `CommandError` if there are none."""
    try:
        found = Credentials().get_credential()
    except CredentialException:
        raise CommandError(NO_CREDENTIALS) from None
    return AccessKey(found.access_key_id, found.access_key_secret, found.security_token or "")


def connect(region: str, key: AccessKey, endpoints: Endpoints) -> Cloud:
    """Return clients that wait and try again within limits; no request is sent yet."""

    def config(endpoint: str) -> Config:
        return Config(
            **key._asdict(),
            region_id=region,
            endpoint=endpoint,
            protocol="https" if endpoints.https else "http",
            connect_timeout=CONNECT_SECONDS * 1000,
            read_timeout=READ_SECONDS * 1000,
            retry_options=RETRIES,
        )

    store = oss.config.load_default()
    store.credentials_provider = oss.credentials.StaticCredentialsProvider(*key)
    store.region = region
    store.endpoint = f"{'https' if endpoints.https else 'http'}://{endpoints.oss}"
    store.connect_timeout, store.readwrite_timeout = CONNECT_SECONDS, READ_SECONDS
    return Cloud(
        region,
        Ros(config(endpoints.ros)),
        Sts(config(endpoints.sts)),
        oss.Client(store),
        FunctionCompute(config(endpoints.fc)),
    )


def account_id(cloud: Cloud) -> str:
    """Return the account that the credentials belong to."""
    return str(cloud.sts.get_caller_identity().body.account_id)
