"""PyPI alibabacloud-oss-v2, its synchronous client, which has more of a bucket's configuration, and files."""

import contextlib
from typing import Any

import alibabacloud_oss_v2 as v2

from tests.support.emulator.client_programs.oss_v2_programs import CommonPrograms
from tests.support.emulator.client_programs.target import CONTENT, PART_BYTES, order_fault

FILES = {"part_size": PART_BYTES, "parallel_num": 1, "enable_checkpoint": True}


class SyncPrograms(CommonPrograms):
    """It returns without waiting, so that the programs of both clients are the same."""

    async def send(self, operation: str, request: Any, config: v2.config.Config | None = None) -> Any:
        return getattr(v2.Client(config or self.ordinary()), operation)(request)

    async def get(self, config: v2.config.Config | None = None, **options: Any) -> bytes:
        found = await self.send("get_object", v2.GetObjectRequest(**self.names, **options), config)
        content: bytes = found.body.read()
        found.body.close()
        return content

    async def exists(self) -> bool:
        return bool(v2.Client(self.ordinary()).is_object_exist(*self.names.values()))

    async def cors(self) -> None:
        rule = v2.CORSRule(
            allowed_origins=["https://a.example.com"], allowed_methods=["PUT"], max_age_seconds=7
        )
        sent = v2.CORSConfiguration(cors_rules=[rule])
        await self.send("put_bucket_cors", v2.PutBucketCorsRequest(**self.bucket, cors_configuration=sent))
        found = await self.send("get_bucket_cors", v2.GetBucketCorsRequest(**self.bucket))
        assert found.cors_configuration.cors_rules[0].max_age_seconds == 7

    async def website(self) -> None:
        sent = v2.WebsiteConfiguration(
            index_document=v2.IndexDocument(suffix="index.html"),
            error_document=v2.ErrorDocument(key="lost.html"),
        )
        request = v2.PutBucketWebsiteRequest(**self.bucket, website_configuration=sent)
        await self.send("put_bucket_website", request)
        found = await self.send("get_bucket_website", v2.GetBucketWebsiteRequest(**self.bucket))
        assert found.website_configuration.error_document.key == "lost.html"
        await self.send("delete_bucket_website", v2.DeleteBucketWebsiteRequest(**self.bucket))

    async def lifecycle(self) -> None:
        expiration = v2.LifecycleRuleExpiration(days=7)
        rule = v2.LifecycleRule(id="old", prefix="logs/", status="Enabled", expiration=expiration)
        sent = v2.LifecycleConfiguration([rule])
        request = v2.PutBucketLifecycleRequest(**self.bucket, lifecycle_configuration=sent)
        await self.send("put_bucket_lifecycle", request)
        found = await self.send("get_bucket_lifecycle", v2.GetBucketLifecycleRequest(**self.bucket))
        assert found.lifecycle_configuration.rules[0].expiration.days == 7
        await self.send("delete_bucket_lifecycle", v2.DeleteBucketLifecycleRequest(**self.bucket))

    async def referer(self) -> None:
        allowed = v2.RefererList(referers=["https://a.com"])
        sent = v2.RefererConfiguration(allow_empty_referer=False, referer_list=allowed)
        request = v2.PutBucketRefererRequest(**self.bucket, referer_configuration=sent)
        await self.send("put_bucket_referer", request)
        found = await self.send("get_bucket_referer", v2.GetBucketRefererRequest(**self.bucket))
        assert found.referer_configuration.referer_list.referers == ["https://a.com"]

    async def logging(self) -> None:
        sent = v2.LoggingEnabled(target_bucket=self.target.other_bucket, target_prefix="logs/")
        status = v2.BucketLoggingStatus(logging_enabled=sent)
        request = v2.PutBucketLoggingRequest(**self.bucket, bucket_logging_status=status)
        await self.send("put_bucket_logging", request)
        found = await self.send("get_bucket_logging", v2.GetBucketLoggingRequest(**self.bucket))
        assert found.bucket_logging_status.logging_enabled.target_prefix == "logs/"
        await self.send("delete_bucket_logging", v2.DeleteBucketLoggingRequest(**self.bucket))

    async def encryption(self) -> None:
        sent = v2.ServerSideEncryptionRule(v2.ApplyServerSideEncryptionByDefault(sse_algorithm="AES256"))
        request = v2.PutBucketEncryptionRequest(**self.bucket, server_side_encryption_rule=sent)
        await self.send("put_bucket_encryption", request)
        found = await self.send("get_bucket_encryption", v2.GetBucketEncryptionRequest(**self.bucket))
        rule = found.server_side_encryption_rule.apply_server_side_encryption_by_default
        assert rule.sse_algorithm == "AES256"
        await self.send("delete_bucket_encryption", v2.DeleteBucketEncryptionRequest(**self.bucket))

    async def bucket_tags(self) -> None:
        tagging = v2.Tagging(v2.TagSet([v2.Tag("owner", "me")]))
        await self.send("put_bucket_tags", v2.PutBucketTagsRequest(**self.bucket, tagging=tagging))
        found = await self.send("get_bucket_tags", v2.GetBucketTagsRequest(**self.bucket))
        assert [(one.key, one.value) for one in found.tagging.tag_set.tags] == [("owner", "me")]
        await self.send("delete_bucket_tags", v2.DeleteBucketTagsRequest(**self.bucket))

    async def policy(self) -> None:
        body = '{"Version": "1", "Statement": []}'
        await self.send("put_bucket_policy", v2.PutBucketPolicyRequest(**self.bucket, body=body))

    async def put_file(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        client, back = v2.Client(self.ordinary()), self.target.folder / "back"
        client.put_object_from_file(v2.PutObjectRequest(**self.names), str(self.target.folder / "file"))
        client.get_object_to_file(v2.GetObjectRequest(**self.names), str(back))
        assert back.read_bytes() == CONTENT

    async def upload(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        self._upload(0)
        assert await self.get() == CONTENT

    async def resumed_upload(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        with contextlib.suppress(v2.exceptions.BaseError, InterruptedError):
            self._upload(2 * PART_BYTES)
        (begun,) = await self._unfinished()
        kept = await self.send("list_parts", v2.ListPartsRequest(**self.names, upload_id=begun))
        self._upload(0)
        assert kept.parts
        assert await self._unfinished() == []
        assert await self.get() == CONTENT

    def _upload(self, fail_at: int) -> None:
        options = {**FILES, "leave_parts_on_error": True, "checkpoint_dir": f"{self.target.folder}/"}
        request = v2.PutObjectRequest(**self.names, progress_fn=interruption(fail_at))
        uploader = v2.Client(self.ordinary()).uploader(**options)
        uploader.upload_file(request, str(self.target.folder / "file"))

    async def resumed_download(self) -> None:
        await self.put(CONTENT)
        with contextlib.suppress(v2.exceptions.BaseError):
            self._download(self._break_off)
        done: list[int] = []
        self._download(lambda *progress: done.append(progress[1]))
        assert done[0] > PART_BYTES
        assert (self.target.folder / "back").read_bytes() == CONTENT

    def _break_off(self, _: int, done: int, __: int) -> None:
        """Let the next request fail: the downloader reads a part again for ever if this raises."""
        if done == PART_BYTES:
            order_fault(self.target.url, "object_missing")

    def _download(self, progress: Any) -> None:
        request = v2.GetObjectRequest(**self.names, progress_fn=progress)
        downloader = v2.Client(self.ordinary()).downloader(**FILES, checkpoint_dir=f"{self.target.folder}/")
        downloader.download_file(request, str(self.target.folder / "back"))


def interruption(fail_at: int) -> Any:
    """Return a function that is told of the progress, and raises when as many bytes as `fail_at` are done."""

    def progress(_: int, done: int, __: int) -> None:
        if fail_at and done >= fail_at:
            raise InterruptedError

    return progress
