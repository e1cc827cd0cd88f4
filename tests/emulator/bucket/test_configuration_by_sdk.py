"""Both official Python SDKs, unmodified, configure a bucket in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests

from tests.support.emulator.process import BUCKET, ORIGIN, REGION, EmulatorProcess

PREFLIGHT = {"Origin": "https://a.example.com", "Access-Control-Request-Method": "PUT"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """A bucket for this module only, because its configuration changes."""
    folder: Path = tmp_path_factory.mktemp("configured")
    with EmulatorProcess(folder, LOCAL_OSS_ACL="public-read") as running:
        yield running


@pytest.fixture
def first(emulator: EmulatorProcess) -> oss2.Bucket:
    auth = oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE")
    return oss2.Bucket(auth, emulator.url, BUCKET, region=REGION)


@pytest.fixture
def second(emulator: EmulatorProcess) -> v2.Client:
    config = v2.config.load_default()
    config.credentials_provider = v2.credentials.StaticCredentialsProvider("AKEXAMPLE", "SKEXAMPLE")
    config.region, config.endpoint, config.use_path_style = REGION, emulator.url, True
    return v2.Client(config)


def test_the_python_sdk_sets_reads_and_deletes_cors(emulator: EmulatorProcess, first: oss2.Bucket) -> None:
    rule = oss2.models.CorsRule(
        allowed_origins=["https://*.example.com"],
        allowed_methods=["PUT", "GET"],
        allowed_headers=["*"],
        expose_headers=["ETag"],
        max_age_seconds=7,
    )
    first.put_bucket_cors(oss2.models.BucketCors([rule]))
    read = first.get_bucket_cors().rules
    preflight = requests.options(emulator.url, headers=PREFLIGHT, timeout=9)
    first.delete_bucket_cors()

    assert [vars(each) for each in read] == [vars(rule)]
    assert (preflight.status_code, preflight.headers["Access-Control-Max-Age"]) == (200, "7")
    with pytest.raises(oss2.exceptions.NoSuchCors) as caught:
        first.get_bucket_cors()
    assert (caught.value.status, caught.value.ec) == (404, "0034-00000001")


def test_the_python_sdk_sets_reads_and_deletes_a_website(first: oss2.Bucket) -> None:
    first.put_bucket_website(oss2.models.BucketWebsite("index.html", "lost.html"))
    read = first.get_bucket_website()
    first.delete_bucket_website()

    assert (read.index_file, read.error_file) == ("index.html", "lost.html")
    with pytest.raises(oss2.exceptions.NoSuchWebsite):
        first.get_bucket_website()


def test_the_python_sdk_reads_acl_and_versioning_and_suspends_it(first: oss2.Bucket) -> None:
    config = oss2.models.BucketVersioningConfig()
    config.status = oss2.BUCKET_VERSIONING_SUSPEND
    before = first.get_bucket_versioning().status
    first.put_bucket_versioning(config)

    assert (before, first.get_bucket_versioning().status) == (None, "Suspended")
    assert first.get_bucket_acl().acl == "public-read"


def test_the_python_sdk_v2_sets_reads_and_deletes_cors(emulator: EmulatorProcess, second: v2.Client) -> None:
    rule = v2.CORSRule(
        allowed_origins=[ORIGIN, "https://a.example.com"],
        allowed_methods=["PUT"],
        allowed_headers=["*"],
        expose_headers=["ETag"],
        max_age_seconds=8,
    )
    sent = v2.CORSConfiguration(cors_rules=[rule], response_vary=True)
    second.put_bucket_cors(v2.PutBucketCorsRequest(bucket=BUCKET, cors_configuration=sent))
    read = second.get_bucket_cors(v2.GetBucketCorsRequest(bucket=BUCKET)).cors_configuration
    preflight = requests.options(emulator.url, headers=PREFLIGHT, timeout=9)
    second.delete_bucket_cors(v2.DeleteBucketCorsRequest(bucket=BUCKET))

    assert (read.response_vary, [vars(each) for each in read.cors_rules]) == (True, [vars(rule)])
    assert (preflight.headers["Access-Control-Max-Age"], preflight.headers["Vary"]) == ("8", "Origin")
    with pytest.raises(v2.exceptions.OperationError) as caught:
        second.get_bucket_cors(v2.GetBucketCorsRequest(bucket=BUCKET))
    refused = caught.value.unwrap()
    assert (refused.status_code, refused.code, refused.ec) == (
        404,
        "NoSuchCORSConfiguration",
        "0034-00000001",
    )


def test_the_python_sdk_v2_sets_reads_and_deletes_a_website(second: v2.Client) -> None:
    index = v2.IndexDocument(suffix="index.html", support_sub_dir=True, type=2)
    sent = v2.WebsiteConfiguration(
        index_document=index, error_document=v2.ErrorDocument(key="lost.html", http_status=200)
    )
    second.put_bucket_website(v2.PutBucketWebsiteRequest(bucket=BUCKET, website_configuration=sent))
    read = second.get_bucket_website(v2.GetBucketWebsiteRequest(bucket=BUCKET)).website_configuration
    second.delete_bucket_website(v2.DeleteBucketWebsiteRequest(bucket=BUCKET))

    assert (read.index_document.type, read.index_document.support_sub_dir) == (2, True)
    assert (read.error_document.key, read.error_document.http_status) == ("lost.html", 200)
    with pytest.raises(v2.exceptions.OperationError, match="NoSuchWebsiteConfiguration"):
        second.get_bucket_website(v2.GetBucketWebsiteRequest(bucket=BUCKET))


def test_the_python_sdk_v2_enables_versioning_and_reads_what_is_public(second: v2.Client) -> None:
    enabled = v2.VersioningConfiguration(status="Enabled")
    second.put_bucket_versioning(
        v2.PutBucketVersioningRequest(bucket=BUCKET, versioning_configuration=enabled)
    )
    versioning = second.get_bucket_versioning(v2.GetBucketVersioningRequest(bucket=BUCKET))
    acl = second.get_bucket_acl(v2.GetBucketAclRequest(bucket=BUCKET))
    blocked = second.get_bucket_public_access_block(v2.GetBucketPublicAccessBlockRequest(bucket=BUCKET))

    assert (versioning.version_status, acl.acl) == ("Enabled", "public-read")
    assert blocked.public_access_block_configuration.block_public_access is False
