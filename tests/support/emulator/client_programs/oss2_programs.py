"""PyPI oss2: a program for each operation that it has."""

import base64
import contextlib
import json
from collections.abc import Callable

import oss2
from oss2 import models

from tests.support.emulator.client_programs.target import (
    CONTENT,
    KEY,
    PART_BYTES,
    REGION,
    TEMPORARY,
    WRONG,
    Target,
    fetch,
    store,
)

Progress = Callable[[int, int | None], None]


def code_of(error: Exception) -> str:
    """Return the Code of a refusal."""
    if not isinstance(error, oss2.exceptions.ServerError):
        raise error
    return str(error.code)


def tagging() -> models.Tagging:
    rule = models.TaggingRule()
    rule.add("owner", "me")
    return models.Tagging(rule)


def interruption(fail_at: int) -> Progress:
    """Return a function that is told of the progress, and raises when as many bytes as `fail_at` are done."""

    def progress(done: int, _: int | None) -> None:
        if done >= fail_at:
            raise InterruptedError

    return progress


class Programs:
    """It signs V4, but where a program is about another signature."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.bucket = self.opened(oss2.AuthV4(KEY.access_key_id, KEY.access_key_secret))

    def opened(self, auth: object, url: str = "") -> oss2.Bucket:
        return oss2.Bucket(auth, url or self.target.url, self.target.bucket, region=REGION)

    def make_bucket(self) -> None:
        self.bucket.delete_bucket()
        self.bucket.create_bucket()
        assert self.bucket.get_bucket_info().name == self.target.bucket

    def list_buckets(self) -> None:
        service = oss2.Service(self.bucket.auth, self.target.url, region=REGION)
        names = [one.name for one in oss2.BucketIterator(service, prefix=self.target.bucket, max_keys=1)]
        assert names == [self.target.bucket, self.target.other_bucket]

    def bucket_info(self) -> None:
        assert self.bucket.get_bucket_info().acl.grant == "private"

    def bucket_location(self) -> None:
        assert self.bucket.get_bucket_location().location == f"oss-{REGION}"

    def bucket_stat(self) -> None:
        self.bucket.put_object("a", b"hello")
        assert self.bucket.get_bucket_stat().storage_size_in_bytes == 5

    def bucket_acl(self) -> None:
        self.bucket.put_bucket_acl("public-read")
        assert self.bucket.get_bucket_acl().acl == "public-read"

    def cors(self) -> None:
        rule = models.CorsRule(["https://a.example.com"], ["PUT"], ["*"], ["ETag"], 7)
        self.bucket.put_bucket_cors(models.BucketCors([rule]))
        assert [vars(one) for one in self.bucket.get_bucket_cors().rules] == [vars(rule)]

    def website(self) -> None:
        self.bucket.put_bucket_website(models.BucketWebsite("index.html", "lost.html"))
        assert self.bucket.get_bucket_website().error_file == "lost.html"
        self.bucket.delete_bucket_website()

    def versioning(self) -> None:
        self.bucket.put_bucket_versioning(models.BucketVersioningConfig("Enabled"))
        assert self.bucket.get_bucket_versioning().status == "Enabled"

    def lifecycle(self) -> None:
        rule = models.LifecycleRule("old", "logs/", expiration=models.LifecycleExpiration(days=7))
        self.bucket.put_bucket_lifecycle(models.BucketLifecycle([rule]))
        assert self.bucket.get_bucket_lifecycle().rules[0].expiration.days == 7
        self.bucket.delete_bucket_lifecycle()

    def referer(self) -> None:
        self.bucket.put_bucket_referer(
            models.BucketReferer(allow_empty_referer=False, referers=["https://a.com"])
        )
        assert self.bucket.get_bucket_referer().referers == ["https://a.com"]

    def logging(self) -> None:
        self.bucket.put_bucket_logging(models.BucketLogging(self.target.other_bucket, "logs/"))
        assert self.bucket.get_bucket_logging().target_prefix == "logs/"
        self.bucket.delete_bucket_logging()

    def encryption(self) -> None:
        self.bucket.put_bucket_encryption(models.ServerSideEncryptionRule("AES256"))
        assert self.bucket.get_bucket_encryption().sse_algorithm == "AES256"
        self.bucket.delete_bucket_encryption()

    def bucket_tags(self) -> None:
        self.bucket.put_bucket_tagging(tagging())
        assert self.bucket.get_bucket_tagging().tag_set.tagging_rule == {"owner": "me"}
        self.bucket.delete_bucket_tagging()

    def policy(self) -> None:
        self.bucket.put_bucket_policy('{"Version": "1", "Statement": []}')

    def put_and_get(self) -> None:
        self.bucket.put_object("a", b"hello", headers={"x-oss-meta-who": "me"})
        found = self.bucket.get_object("a")
        assert (found.read(), found.headers["x-oss-meta-who"]) == (b"hello", "me")

    def put_file(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        self.bucket.put_object_from_file("a", str(self.target.folder / "file"))
        self.bucket.get_object_to_file("a", str(self.target.folder / "back"))
        assert (self.target.folder / "back").read_bytes() == CONTENT

    def head(self) -> None:
        self.bucket.put_object("a", b"hello")
        assert self.bucket.head_object("a").content_length == 5

    def object_meta(self) -> None:
        self.bucket.put_object("a", b"hello")
        assert self.bucket.get_object_meta("a").content_length == 5

    def part_of_object(self) -> None:
        self.bucket.put_object("a", b"hello")
        assert self.bucket.get_object("a", byte_range=(1, 3)).read() == b"ell"

    def delete(self) -> None:
        self.bucket.put_object("a", b"hello")
        self.bucket.delete_object("a")
        assert not self.bucket.object_exists("a")

    def delete_many(self) -> None:
        for name in "ab":
            self.bucket.put_object(name, b"hello")
        assert self.bucket.batch_delete_objects(["a", "b"]).deleted_keys == ["a", "b"]

    def copy(self) -> None:
        self.bucket.put_object("a", b"hello")
        self.bucket.copy_object(self.target.bucket, "a", "b")
        assert self.bucket.get_object("b").read() == b"hello"

    def copy_between(self) -> None:
        other = oss2.Bucket(self.bucket.auth, self.target.url, self.target.other_bucket, region=REGION)
        other.put_object("a", b"hello")
        self.bucket.copy_object(self.target.other_bucket, "a", "b")
        assert self.bucket.get_object("b").read() == b"hello"

    def append(self) -> None:
        first = self.bucket.append_object("a", 0, b"hel")
        self.bucket.append_object("a", first.next_position, b"lo", init_crc=first.crc)
        assert self.bucket.get_object("a").read() == b"hello"

    def list_objects(self) -> None:
        for name in ("a", "b/1", "b/2"):
            self.bucket.put_object(name, b"")
        found = oss2.ObjectIterator(self.bucket, delimiter="/", max_keys=1)
        assert [one.key for one in found] == ["a", "b/"]

    def list_v2(self) -> None:
        for name in ("a", "b/1", "b/2"):
            self.bucket.put_object(name, b"")
        found = oss2.ObjectIteratorV2(self.bucket, delimiter="/", max_keys=1)
        assert [one.key for one in found] == ["a", "b/"]

    def list_versions(self) -> None:
        self.versioning()
        put = [self.bucket.put_object("a", content).versionid for content in (b"1", b"2")]
        marker = self.bucket.delete_object("a").versionid
        found = self.bucket.list_object_versions()
        assert [one.versionid for one in found.versions] == put[::-1]
        assert [one.versionid for one in found.delete_marker] == [marker]

    def versions(self) -> None:
        self.versioning()
        first, second = (self.bucket.put_object("a", content).versionid for content in (b"1", b"2"))
        assert self.bucket.get_object("a", params={"versionId": first}).read() == b"1"
        self.bucket.delete_object("a", params={"versionId": second})
        assert self.bucket.get_object("a").read() == b"1"

    def object_acl(self) -> None:
        self.bucket.put_object("a", b"hello")
        self.bucket.put_object_acl("a", "public-read")
        assert self.bucket.get_object_acl("a").acl == "public-read"

    def object_tags(self) -> None:
        self.bucket.put_object("a", b"hello")
        self.bucket.put_object_tagging("a", tagging())
        assert self.bucket.get_object_tagging("a").tag_set.tagging_rule == {"owner": "me"}
        self.bucket.delete_object_tagging("a")

    def symlink(self) -> None:
        self.bucket.put_symlink("a", "b")

    def restore(self) -> None:
        self.bucket.put_object("a", b"hello", headers={"x-oss-storage-class": "Archive"})
        self.bucket.restore_object("a")

    def image(self) -> None:
        self.bucket.put_object("a", b"hello")
        self.bucket.get_object("a", process="image/info")

    def callback(self) -> None:
        parameter = {"callbackUrl": self.target.callback_url, "callbackBody": "key=${object}"}
        header = base64.b64encode(json.dumps(parameter).encode()).decode()
        answer = self.bucket.put_object("a", b"hello", headers={"x-oss-callback": header})
        assert json.loads(answer.resp.read()) == {"Status": "OK"}

    def presigned_get(self) -> None:
        self.bucket.put_object("a b", b"hello")
        assert fetch(self.bucket.sign_url("GET", "a b", 60)) == b"hello"

    def presigned_put(self) -> None:
        store(self.bucket.sign_url("PUT", "a b", 60), b"hello")
        assert self.bucket.get_object("a b").read() == b"hello"

    def multipart(self) -> None:
        upload = self.bucket.init_multipart_upload("a").upload_id
        parts = [
            models.PartInfo(number, self.bucket.upload_part("a", upload, number, content).etag)
            for number, content in ((1, b"a" * PART_BYTES), (2, b"end"))
        ]
        self.bucket.complete_multipart_upload("a", upload, parts)
        assert self.bucket.get_object("a").read() == b"a" * PART_BYTES + b"end"

    def lists_of_parts(self) -> None:
        upload = self.bucket.init_multipart_upload("a").upload_id
        self.bucket.upload_part("a", upload, 1, b"hello")
        assert [part.size for part in oss2.PartIterator(self.bucket, "a", upload)] == [5]
        assert [one.upload_id for one in oss2.MultipartUploadIterator(self.bucket)] == [upload]

    def abort(self) -> None:
        self.bucket.abort_multipart_upload("a", self.bucket.init_multipart_upload("a").upload_id)
        assert list(oss2.MultipartUploadIterator(self.bucket)) == []

    def part_copy(self) -> None:
        self.bucket.put_object("a", b"hello")
        upload = self.bucket.init_multipart_upload("b").upload_id
        part = self.bucket.upload_part_copy(self.target.bucket, "a", (1, 3), "b", upload, 1)
        self.bucket.complete_multipart_upload("b", upload, [models.PartInfo(1, part.etag)])
        assert self.bucket.get_object("b").read() == b"ell"

    def upload(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        self._upload(None)
        assert self.bucket.get_object("a").read() == CONTENT

    def resumed_upload(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        with contextlib.suppress(InterruptedError):
            self._upload(interruption(2 * PART_BYTES))
        (begun,) = oss2.MultipartUploadIterator(self.bucket)
        kept = {part.part_number for part in oss2.PartIterator(self.bucket, "a", begun.upload_id)}
        self._upload(None)
        assert kept
        assert list(oss2.MultipartUploadIterator(self.bucket)) == []
        assert self.bucket.get_object("a").read() == CONTENT

    def _upload(self, progress: Progress | None) -> None:
        oss2.resumable_upload(
            self.bucket,
            "a",
            str(self.target.folder / "file"),
            store=oss2.ResumableStore(root=str(self.target.folder)),
            multipart_threshold=PART_BYTES,
            part_size=PART_BYTES,
            num_threads=1,
            progress_callback=progress,
        )

    def resumed_download(self) -> None:
        self.bucket.put_object("a", CONTENT)
        with contextlib.suppress(InterruptedError):
            self._download(interruption(2 * PART_BYTES))
        done: list[int] = []
        self._download(lambda *progress: done.append(progress[0]))
        assert done[0] >= PART_BYTES
        assert (self.target.folder / "back").read_bytes() == CONTENT

    def _download(self, progress: Progress | None) -> None:
        oss2.resumable_download(
            self.bucket,
            "a",
            str(self.target.folder / "back"),
            store=oss2.ResumableDownloadStore(root=str(self.target.folder)),
            multiget_threshold=PART_BYTES,
            part_size=PART_BYTES,
            num_threads=1,
            progress_callback=progress,
        )

    def temporary_key(self) -> None:
        names = TEMPORARY.access_key_id, TEMPORARY.access_key_secret, TEMPORARY.security_token
        self.bucket = self.opened(oss2.StsAuth(*names, auth_version="v4"))
        self.put_and_get()

    def v1(self) -> None:
        self.bucket = self.opened(oss2.Auth(KEY.access_key_id, KEY.access_key_secret))
        self.put_and_get()

    def v1_refused(self) -> None:
        auth = oss2.Auth(KEY.access_key_id, KEY.access_key_secret)
        self.opened(auth, self.target.url_without_v1).put_object("a", b"hello")

    def wrong_secret(self) -> None:
        self.opened(oss2.AuthV4(WRONG.access_key_id, WRONG.access_key_secret)).put_object("a", b"hello")

    def missing(self) -> None:
        self.bucket.get_object("a")

    def forbid_overwrite(self) -> None:
        for _ in range(2):
            self.bucket.put_object("a", b"hello", headers={"x-oss-forbid-overwrite": "true"})
