from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grants.application import build
from tests.support.multipart import Deployment, deployment
from vendored.fc_http import Clock, Handler

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "UPLOAD_BUCKET": "examplebucket",
        "OSS_REGION": "cn-hangzhou",
        "UPLOAD_HOST": "https://upload.example.com",
        "CALLBACK_URL": "https://callback.example.com",
        "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
        "ALLOWED_ORIGINS": "https://www.example.com,https://example.com",
        "MAX_BYTES": "1048576",
        "ALLOWED_TYPES": "image/*,application/pdf",
        "ALLOW_ANONYMOUS": "true",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.EXAMPLE",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "SKEXAMPLE",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "CAISEXAMPLE",
    }


@pytest.fixture
def handler(environ: dict[str, str]) -> Handler:
    return build(environ, Clock(lambda: NOW, lambda: 0.0), bytes)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    """Return a token function before a bucket of the stand-in."""
    with deployment(tmp_path) as started:
        yield started
