"""Microseconds of signing alone, ours and the SDKs': FOLDER of the token function. Prints JSON."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import alibabacloud_oss_v2
import boto3
import botocore.config
import oss2
from warm_calls import microseconds

BUCKET, KEY, SECONDS = os.environ["UPLOAD_BUCKET"], "uploads/_/2026/11/23/01abc.png", 300
REGION = os.environ["OSS_REGION"]
KEY_ID, SECRET, SESSION = (
    os.environ[f"ALIBABA_CLOUD_{name}"] for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
)


def ours(folder: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return what signs a form's fields, and what issues a whole file grant: id, key and ticket, too."""
    sys.path.insert(0, folder)
    issuing, settings, callers, variables = (
        importlib.import_module(name) for name in ("issuing", "settings", "callers", "variables")
    )
    known = settings.Settings.from_env(os.environ)
    caller = callers.Caller("", callers.Limits(known.max_bytes, known.allowed_types))
    wish = issuing.Wish("holiday.png", 5, "image/png")
    role = variables.credentials(os.environ, None)
    pinned = issuing.pinned_fields(wish, KEY, issuing.callback_parameter(known.callback_url, "a-ticket"))

    def sign() -> object:
        now = time.time()
        return issuing.sign_fields(pinned, wish.size, int(now) + SECONDS, known, role, now)

    return sign, lambda: issuing.issue_file_grant(wish, caller, known, role, time.time(), os.urandom(10))


def boto3_post() -> Callable[[], object]:
    """Return `generate_presigned_post` of boto3."""
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=SESSION,
        config=botocore.config.Config(signature_version="s3v4"),
    )
    conditions = [["content-length-range", 5, 5]]
    return lambda: client.generate_presigned_post(BUCKET, KEY, Conditions=conditions, ExpiresIn=SECONDS)


def oss_v2_presign() -> Callable[[], object]:
    """Return `presign` of alibabacloud-oss-v2."""
    configured = alibabacloud_oss_v2.config.load_default()
    configured.region = REGION
    configured.credentials_provider = alibabacloud_oss_v2.credentials.StaticCredentialsProvider(
        KEY_ID, SECRET, SESSION
    )
    client = alibabacloud_oss_v2.Client(configured)
    lifetime = dt.timedelta(seconds=SECONDS)
    return lambda: client.presign(
        alibabacloud_oss_v2.PutObjectRequest(bucket=BUCKET, key=KEY), expires=lifetime
    )


def oss2_sign_url() -> Callable[[], object]:
    """Return `sign_url` of oss2."""
    auth: Any = oss2.StsAuth(KEY_ID, SECRET, SESSION, auth_version="v4")
    bucket = oss2.Bucket(auth, f"https://oss-{REGION}.aliyuncs.com", BUCKET, region=REGION)
    return lambda: bucket.sign_url("PUT", KEY, SECONDS)


def main(folder: str) -> None:
    """Time each."""
    sign, issue = ours(folder)
    signers = {
        "ours: policy and signature": sign,
        "ours: a whole file grant": issue,
        "boto3 generate_presigned_post": boto3_post(),
        "alibabacloud-oss-v2 presign": oss_v2_presign(),
        "oss2 sign_url": oss2_sign_url(),
    }
    once = [b""]
    print(
        json.dumps({name: microseconds(lambda *_, sign=sign: sign(), once) for name, sign in signers.items()})
    )


if __name__ == "__main__":
    main(sys.argv[1])
