"""Who deploys, and the official SDKs' clients that act for them."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

# without it, somebody without credentials waits for the metadata service of a machine that is no ECS instance
if not os.environ.get("ALIBABA_CLOUD_ECS_METADATA"):
    os.environ.setdefault("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")

import alibabacloud_oss_v2 as oss
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_fc20230330.client import Client as Functions
from alibabacloud_ros20190910.client import Client as Ros
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.policy.retry import RetryOptions

CONNECT_SECONDS = 10
READ_SECONDS = 30
# what passes by itself; of OSS, its SDK has such a list of its own
PASSING = RetryOptions(
    retry_condition=[
        {
            "maxAttempts": 6,
            "exception": ["RetryError", "ServerException", "ThrottlingException"],
            "errorCode": ["Throttling", "Throttling.Api", "Throttling.User"],
            "backoff": {"policy": "Exponential", "period": 500, "cap": 8000},  # milliseconds
        }
    ]
)
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
    """Where the four services answer; `https` is false for loopback alone."""

    ros: str
    sts: str
    oss: str
    fc: str
    https: bool = True


class Cloud(NamedTuple):
    """The clients of one account in one region."""

    region: str
    ros: Ros
    sts: Sts
    oss: oss.Client
    fc: Functions


def endpoints_of(region: str) -> Endpoints:
    """Return the public addresses."""
    return Endpoints(
        ros=f"ros.{region}.aliyuncs.com",
        sts=f"sts.{region}.aliyuncs.com",
        oss=f"oss-{region}.aliyuncs.com",
        fc=f"fcv3.{region}.aliyuncs.com",
    )


def access_key() -> AccessKey:
    """Return what the official chain finds: environment, OIDC, profile; exit with a sentence if nothing."""
    try:
        found = Credentials().get_credential()
    except CredentialException:
        sys.exit(NO_CREDENTIALS)
    return AccessKey(found.access_key_id, found.access_key_secret, found.security_token or "")


def connect(region: str, key: AccessKey, endpoints: Endpoints) -> Cloud:
    """Return clients with limits on how long they wait; nothing is asked yet."""

    def config(endpoint: str) -> Config:
        return Config(
            **key._asdict(),
            region_id=region,
            endpoint=endpoint,
            protocol="https" if endpoints.https else "http",
            connect_timeout=CONNECT_SECONDS * 1000,
            read_timeout=READ_SECONDS * 1000,
            retry_options=PASSING,
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
        Functions(config(endpoints.fc)),
    )


def account_id(cloud: Cloud) -> str:
    """Return the account that these credentials belong to."""
    return str(cloud.sts.get_caller_identity().body.account_id)
