"""Alibaba's published SDKs, unmodified, against the emulator in a process of its own."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as ET

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests

from oss_emulator.auth.credentials import Credential
from tests.support.emulator.process import BUCKET, REGION, EmulatorProcess
from tests.support.emulator.scene import BOUNDARY, file_part, multipart, signed

KEY = Credential("AKEXAMPLE", "SKEXAMPLE")
WRONG = Credential("AKEXAMPLE", "another secret")
TEMPORARY = Credential("STS.EXAMPLE", "STSSECRET", "CAISEXAMPLE+/=")
OTHER_TOKEN = Credential("STS.EXAMPLE", "STSSECRET", "CAISOTHER")
KNOWN = json.dumps([vars(KEY), vars(TEMPORARY)])

OBJECTS = ["a.txt", "a/b/c.txt", "a b", "a+b", "100%", "a%2Fb", "中文/文件.txt", "~-_.!*'()&=@:;,?#"]
ETAG = "5D41402ABC4B2A76B9719D911017C592"  # md5 of hello


class Sdk(Protocol):
    """The methods of both SDKs under common names."""

    def __init__(self, url: str, key: Credential) -> None: ...
    def head(self, name: str) -> tuple[int, str]: ...
    def get(self, name: str) -> bytes: ...
    def put(self, name: str, content: bytes) -> None: ...
    def delete(self, name: str) -> None: ...
    def delete_all(self, names: list[str]) -> list[str]: ...
    def copy(self, name: str, source: str) -> str: ...
    def listed(self, prefix: str) -> tuple[list[str], list[str]]: ...
    def presigned(self, name: str) -> str: ...
    def worm(self) -> None: ...
    def refusal(self, method: str, name: str) -> tuple[int, str, str]: ...


class Oss2:
    """PyPI oss2; it signs the path with its slashes as %2F."""

    def __init__(self, url: str, key: Credential) -> None:
        names = key.access_key_id, key.access_key_secret
        token = key.security_token
        auth = oss2.StsAuth(*names, token, auth_version="v4") if token else oss2.AuthV4(*names)
        self._bucket = oss2.Bucket(auth, url, BUCKET, region=REGION)

    def head(self, name: str) -> tuple[int, str]:
        found = self._bucket.head_object(name)
        return found.content_length, found.etag

    def get(self, name: str) -> bytes:
        found: bytes = self._bucket.get_object(name).read()
        return found

    def put(self, name: str, content: bytes) -> None:
        self._bucket.put_object(name, content)

    def delete(self, name: str) -> None:
        self._bucket.delete_object(name)

    def delete_all(self, names: list[str]) -> list[str]:
        return list(self._bucket.batch_delete_objects(names).deleted_keys)

    def copy(self, name: str, source: str) -> str:
        return str(self._bucket.copy_object(BUCKET, source, name).etag)

    def listed(self, prefix: str) -> tuple[list[str], list[str]]:
        found = list(oss2.ObjectIteratorV2(self._bucket, prefix=prefix, delimiter="/", max_keys=2))
        return [o.key for o in found if not o.is_prefix()], [o.key for o in found if o.is_prefix()]

    def presigned(self, name: str) -> str:
        return str(self._bucket.sign_url("GET", name, 60, slash_safe=True))

    def worm(self) -> None:
        self._bucket.get_bucket_worm()

    def refusal(self, method: str, name: str) -> tuple[int, str, str]:
        call = self._bucket.head_object if method == "HEAD" else self._bucket.get_object
        with pytest.raises(oss2.exceptions.ServerError) as raised:
            call(name)
        return raised.value.status, raised.value.code, raised.value.ec


class Oss2ByDefault(Oss2):
    """PyPI oss2 as it is unless V4 is chosen: it signs V1."""

    def __init__(self, url: str, key: Credential) -> None:
        names = key.access_key_id, key.access_key_secret
        token = key.security_token
        auth = oss2.StsAuth(*names, token) if token else oss2.Auth(*names)
        self._bucket = oss2.Bucket(auth, url, BUCKET)


class V2:
    """PyPI alibabacloud-oss-v2."""

    signature_version = "v4"

    def __init__(self, url: str, key: Credential) -> None:
        config = v2.config.load_default()
        config.signature_version = self.signature_version
        config.credentials_provider = v2.credentials.StaticCredentialsProvider(
            key.access_key_id, key.access_key_secret, key.security_token or None
        )
        config.region, config.endpoint = REGION, url
        self._client = v2.Client(config)

    def head(self, name: str) -> tuple[int, str]:
        found = self._client.head_object(v2.HeadObjectRequest(BUCKET, name))
        return found.content_length, found.etag.strip('"')

    def get(self, name: str) -> bytes:
        found: bytes = self._client.get_object(v2.GetObjectRequest(BUCKET, name)).body.read()
        return found

    def put(self, name: str, content: bytes) -> None:
        self._client.put_object(v2.PutObjectRequest(BUCKET, name, body=content))

    def delete(self, name: str) -> None:
        self._client.delete_object(v2.DeleteObjectRequest(BUCKET, name))

    def delete_all(self, names: list[str]) -> list[str]:
        objects = [v2.DeleteObject(name) for name in names]
        found = self._client.delete_multiple_objects(v2.DeleteMultipleObjectsRequest(BUCKET, objects=objects))
        return [deleted.key for deleted in found.deleted_objects]

    def copy(self, name: str, source: str) -> str:
        copied = self._client.copy_object(v2.CopyObjectRequest(BUCKET, name, source_key=source))
        return str(copied.etag.strip('"'))

    def listed(self, prefix: str) -> tuple[list[str], list[str]]:
        asked = v2.ListObjectsV2Request(BUCKET, prefix=prefix, delimiter="/", max_keys=2)
        pages = list(self._client.list_objects_v2_paginator().iter_page(asked))
        keys = [found.key for page in pages for found in page.contents or []]
        return keys, [found.prefix for page in pages for found in page.common_prefixes or []]

    def presigned(self, name: str) -> str:
        return str(self._client.presign(v2.GetObjectRequest(BUCKET, name)).url)

    def worm(self) -> None:
        self._client.get_bucket_worm(v2.GetBucketWormRequest(BUCKET))

    def refusal(self, method: str, name: str) -> tuple[int, str, str]:
        with pytest.raises(v2.exceptions.OperationError) as raised:
            self.head(name) if method == "HEAD" else self.get(name)
        error = raised.value.unwrap()
        return error.status_code, error.code, error.ec


class V2ByV1(V2):
    """PyPI alibabacloud-oss-v2, told to sign V1.

    It then sends a token in a header that no page of OSS names, `security-token`, and signs it not.
    """

    signature_version = "v1"


SDKS = [Oss2, V2, Oss2ByDefault, V2ByV1]
both = pytest.mark.parametrize("sdk", SDKS)
with_token = pytest.mark.parametrize("sdk", SDKS[:-1])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("sdks")
    with EmulatorProcess(folder, "--v1", LOCAL_OSS_CREDENTIALS=KNOWN) as running:
        for name in OBJECTS:
            upload(running, name)
        yield running


def upload(emulator: EmulatorProcess, name: str, content: bytes = b"hello") -> requests.Response:
    now = time.time()
    body = multipart(signed({"key": name}, key=KEY, now=now, expires=now + 60), file_part(content))
    content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = requests.post(f"{emulator.url}/", data=body, headers=content_type, timeout=10)
    assert answer.status_code == 204, answer.text
    return answer


def read_back(bucket: Sdk) -> None:
    for name in OBJECTS:
        assert (bucket.head(name), bucket.get(name)) == ((5, ETAG), b"hello"), name


@both
def test_an_sdk_reads_an_object_back(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    read_back(sdk(running.url, KEY))


@with_token
def test_an_sdk_reads_an_object_back_with_a_temporary_key(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    read_back(sdk(running.url, TEMPORARY))


@both
def test_an_address_that_an_sdk_presigned_needs_no_key(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    bucket = sdk(running.url, KEY)
    for name in OBJECTS:
        answer = requests.get(bucket.presigned(name), timeout=10)
        assert (answer.status_code, answer.content) == (200, b"hello"), name


@both
def test_a_presigned_address_carries_a_token(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    answer = requests.get(sdk(running.url, TEMPORARY).presigned("a/b/c.txt"), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"hello")


@both
@pytest.mark.parametrize(
    ("key", "name", "refusal"),
    [
        (Credential("STRANGER", "x"), "a.txt", (403, "InvalidAccessKeyId", "0002-00000902")),
        (KEY, "missing", (404, "NoSuchKey", "0026-00000001")),
    ],
    ids=["key", "object"],
)
def test_an_sdk_understands_a_refusal(
    running: EmulatorProcess, sdk: type[Sdk], key: Credential, name: str, refusal: tuple[int, str, str]
) -> None:
    for method in ("HEAD", "GET"):
        assert sdk(running.url, key).refusal(method, name) == refusal, method


@both
def test_an_sdk_understands_that_its_secret_is_wrong(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    ec = "0002-00000040" if sdk in {Oss2ByDefault, V2ByV1} else "0002-00000201"
    for method in ("HEAD", "GET"):
        assert sdk(running.url, WRONG).refusal(method, "a.txt") == (403, "SignatureDoesNotMatch", ec), method


@with_token
def test_an_sdk_understands_that_its_token_is_wrong(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    for method in ("HEAD", "GET"):
        refusal = sdk(running.url, OTHER_TOKEN).refusal(method, "a.txt")
        assert refusal == (403, "InvalidSecurityToken", "0002-00000006"), method


@pytest.mark.parametrize("sdk", [Oss2, V2])
def test_an_sdk_does_not_repeat_what_is_not_emulated(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    def refusals() -> int:
        found = requests.get(f"{running.url}/-/refusals", timeout=10).json()
        return sum("worm" in refusal["target"] for refusal in found)

    before, bucket = refusals(), sdk(running.url, KEY)
    with pytest.raises((oss2.exceptions.ServerError, v2.exceptions.OperationError), match="NotImplemented"):
        bucket.worm()

    assert refusals() - before == 1


@both
def test_an_sdk_puts_and_deletes_an_object(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    bucket = sdk(running.url, KEY)
    for name in (f"put/{name}" for name in OBJECTS):
        bucket.put(name, b"hello")
        assert (bucket.head(name), bucket.get(name)) == ((5, ETAG), b"hello"), name
        bucket.delete(name)
        assert bucket.refusal("GET", name) == (404, "NoSuchKey", "0026-00000001"), name


@both
def test_an_sdk_deletes_many_objects_at_once(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    bucket, names = sdk(running.url, KEY), [f"many/{name}" for name in OBJECTS]
    for name in names:
        bucket.put(name, b"hello")

    assert bucket.delete_all(names) == names
    assert {bucket.refusal("GET", name)[:2] for name in names} == {(404, "NoSuchKey")}


@both
def test_an_sdk_copies_an_object(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    bucket = sdk(running.url, KEY)
    for name in OBJECTS:
        assert (bucket.copy(f"copy/{name}", name), bucket.get(f"copy/{name}")) == (ETAG, b"hello"), name


@both
def test_an_sdk_lists_a_folder_page_by_page(running: EmulatorProcess, sdk: type[Sdk]) -> None:
    bucket = sdk(running.url, KEY)
    for name in ("1", "2 +%", "中文/1", "中文/2", "文件"):
        bucket.put(f"list/{name}", b"")
    assert bucket.listed("list/") == (["list/1", "list/2 +%", "list/文件"], ["list/中文/"])


def test_addresses_that_an_sdk_presigned_upload_in_parts(running: EmulatorProcess) -> None:
    client, name = V2(running.url, KEY)._client, "parts/presigned"
    begun = requests.post(client.presign(v2.InitiateMultipartUploadRequest(BUCKET, name)).url, timeout=10)
    upload_id = ET.fromstring(begun.content).findtext("UploadId") or ""
    part = client.presign(v2.UploadPartRequest(BUCKET, name, part_number=1, upload_id=upload_id))
    whole = client.presign(v2.CompleteMultipartUploadRequest(BUCKET, name, upload_id=upload_id))

    etag = requests.put(part.url, data=b"hello", timeout=10).headers["ETag"]
    document = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{document}</CompleteMultipartUpload>"
    answer = requests.post(whole.url, data=document.encode(), timeout=10)

    assert answer.status_code == 200, answer.text
    assert client.get_object(v2.GetObjectRequest(BUCKET, name)).body.read() == b"hello"


def post_signed_by_ali_oss(emulator: EmulatorProcess, key: Credential, name: str) -> tuple[int, str]:
    arguments = (BUCKET, key.access_key_id, key.access_key_secret, key.security_token, name, "hello")
    command = [
        "node",
        str(Path(__file__).parents[1] / "support" / "emulator" / "ali_oss.mjs"),
        f"{emulator.url}/",
        *arguments,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = json.loads(run.stdout)
    return said["status"], said["body"]


@pytest.mark.parametrize("seconds_off", ["86400", "-86400"], ids=["ahead", "behind"])
def test_ali_oss_corrects_a_wrong_clock_after_one_refusal(running: EmulatorProcess, seconds_off: str) -> None:
    """By the refusal's ServerTime; without one it repeats the request for ever."""
    script = Path(__file__).parents[1] / "support" / "emulator" / "ali_oss_clock.mjs"
    names = (BUCKET, KEY.access_key_id, KEY.access_key_secret, seconds_off, "late.txt")
    command = ["node", str(script), running.url, *names]

    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(run.stdout) == [403, 200]
    assert Oss2(running.url, KEY).get("late.txt") == b"hello"


@pytest.mark.parametrize("key", [KEY, TEMPORARY], ids=["permanent", "temporary"])
def test_a_form_that_ali_oss_signed_is_stored(running: EmulatorProcess, key: Credential) -> None:
    name = f"from ali-oss/{key.access_key_id}/文件.txt"
    assert post_signed_by_ali_oss(running, key, name) == (200, "")
    assert Oss2(running.url, KEY).get(name) == b"hello"


@pytest.mark.parametrize("key", [KEY, TEMPORARY], ids=["permanent", "temporary"])
def test_ali_oss_works_as_it_is_by_default(running: EmulatorProcess, key: Credential) -> None:
    script = Path(__file__).parents[1] / "support" / "emulator" / "ali_oss_objects.mjs"
    name = f"by default/{key.access_key_id}/文件 +.txt"
    names = (BUCKET, key.access_key_id, key.access_key_secret, key.security_token, name)

    run = subprocess.run(
        ["node", str(script), running.url, *names], capture_output=True, text=True, timeout=60, check=False
    )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "listed": [name],
        "read": ["hello", "ali-oss"],
        "address": "hello",
        "deleted": [f"{name} & more"],
        "gone": [404, 404],
    }


def test_a_form_that_ali_oss_signed_with_a_wrong_secret_is_refused(running: EmulatorProcess) -> None:
    status, body = post_signed_by_ali_oss(running, WRONG, "never.txt")
    error = {child.tag: child.text for child in ET.fromstring(body)}
    assert (status, error["Code"], error["EC"]) == (403, "SignatureDoesNotMatch", "0002-00000705")
