"""Microseconds of signing alone, ours and the SDKs': FOLDER of the token function."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import sys
import time
from collections.abc import Callable
from itertools import repeat
from typing import Any

import alibabacloud_oss_v2
import boto3
import botocore.config
import oss2
from warm_calls import Call, serve

BUCKET, KEY, SECONDS = os.environ["UPLOAD_BUCKET"], "uploads/_/2026/11/23/01abc.png", 300
REGION = os.environ["OSS_REGION"]
KEY_ID, SECRET, SESSION = (
    os.environ[f"ALIBABA_CLOUD_{name}"] for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
)


def ours(folder: str) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return two functions: one signs the fields of a form, the other issues a whole file grant."""
    sys.path.insert(0, folder)
    file_grant, settings, callers, upload_request = (
        importlib.import_module(f"grants.{name}")
        for name in ("file_grant", "settings", "callers", "upload_request")
    )
    known = settings.Settings.from_env(os.environ)
    caller = callers.Caller("", callers.Limits(known.max_bytes, known.allowed_types))
    upload = upload_request.UploadRequest("holiday.png", 5, "image/png")
    role = importlib.import_module("vendored.env").credentials(os.environ, None)
    pinned = file_grant.pinned_fields(
        upload, KEY, file_grant.callback_parameter(known.callback_url, "a-ticket")
    )

    def sign() -> object:
        now = time.time()
        return file_grant.sign_fields(pinned, upload.size, int(now) + SECONDS, known, role, now)

    def issue() -> object:
        return file_grant.issue_file_grant(upload, caller, known, role, time.time(), os.urandom(10))

    return sign, issue


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
    """Measure each when asked."""
    sign, issue = ours(folder)
    signers = {
        "ours: policy and signature": sign,
        "ours: a whole file grant": issue,
        "boto3 generate_presigned_post": boto3_post(),
        "alibabacloud-oss-v2 presign": oss_v2_presign(),
        "oss2 sign_url": oss2_sign_url(),
    }
    serve({name: Call(lambda *_, sign=sign: sign(), repeat(b"")) for name, sign in signers.items()})


if __name__ == "__main__":
    main(sys.argv[1])
