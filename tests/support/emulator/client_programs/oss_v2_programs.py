"""PyPI alibabacloud-oss-v2: the programs of what its two clients have in common, written once for both.

A request is sent by `send`, which the asynchronous client awaits.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import alibabacloud_oss_v2 as v2

from oss_emulator.auth.credentials import Credential
from tests.support.emulator.client_programs.target import (
    KEY,
    PART_BYTES,
    REGION,
    TEMPORARY,
    WRONG,
    Target,
    fetch,
    store,
)

Send = Callable[[str, Any], Awaitable[Any]]


def code_of(error: Exception) -> str:
    """Return the Code of a refusal."""
    if not isinstance(error, v2.exceptions.OperationError):
        raise error
    refusal = error.unwrap()
    if not isinstance(refusal, v2.exceptions.ServiceError):
        raise error
    return str(refusal.code)


def configuration(url: str, key: Credential, signature_version: str = "v4") -> v2.config.Config:
    """Return a configuration of the SDK, with endpoint and access key."""
    config = v2.config.load_default()
    config.credentials_provider = v2.credentials.StaticCredentialsProvider(
        key.access_key_id, key.access_key_secret, key.security_token or None
    )
    config.region, config.endpoint, config.signature_version = REGION, url, signature_version
    return config


class CommonPrograms:
    """`client_of` makes a client, and `send` sends a request by it; the class of each client has both."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.names = {"bucket": target.bucket, "key": "a"}
        self.bucket = {"bucket": target.bucket}

    async def send(self, operation: str, request: Any, config: v2.config.Config | None = None) -> Any:
        """Send a request with a client of this configuration, which is the ordinary one if there is none."""
        raise NotImplementedError

    def ordinary(self) -> v2.config.Config:
        return configuration(self.target.url, KEY)

    async def put(self, content: bytes = b"hello", **options: Any) -> Any:
        return await self.send("put_object", v2.PutObjectRequest(**{**self.names, **options}, body=content))

    async def get(self, config: v2.config.Config | None = None, **options: Any) -> bytes:
        """Return an object's content, read to the end."""
        raise NotImplementedError

    async def make_bucket(self) -> None:
        await self.send("delete_bucket", v2.DeleteBucketRequest(**self.bucket))
        await self.send("put_bucket", v2.PutBucketRequest(**self.bucket, acl="public-read"))
        assert await self.send("is_bucket_exist", self.target.bucket)

    async def list_buckets(self) -> None:
        found = await self.send("list_buckets", v2.ListBucketsRequest(prefix=self.target.bucket))
        assert [one.name for one in found.buckets] == [self.target.bucket, self.target.other_bucket]

    async def bucket_info(self) -> None:
        found = await self.send("get_bucket_info", v2.GetBucketInfoRequest(**self.bucket))
        assert found.bucket_info.acl == "private"

    async def bucket_location(self) -> None:
        found = await self.send("get_bucket_location", v2.GetBucketLocationRequest(**self.bucket))
        assert found.location == f"oss-{REGION}"

    async def bucket_stat(self) -> None:
        await self.put()
        found = await self.send("get_bucket_stat", v2.GetBucketStatRequest(**self.bucket))
        assert found.storage == 5

    async def bucket_acl(self) -> None:
        await self.send("put_bucket_acl", v2.PutBucketAclRequest(**self.bucket, acl="public-read"))
        found = await self.send("get_bucket_acl", v2.GetBucketAclRequest(**self.bucket))
        assert found.acl == "public-read"

    async def versioning(self) -> None:
        sent = v2.VersioningConfiguration(status="Enabled")
        request = v2.PutBucketVersioningRequest(**self.bucket, versioning_configuration=sent)
        await self.send("put_bucket_versioning", request)
        found = await self.send("get_bucket_versioning", v2.GetBucketVersioningRequest(**self.bucket))
        assert found.version_status == "Enabled"

    async def put_and_get(self) -> None:
        await self.put(metadata={"who": "me"})
        found = await self.send("head_object", v2.HeadObjectRequest(**self.names))
        assert (found.metadata["who"], await self.get()) == ("me", b"hello")

    async def head(self) -> None:
        await self.put()
        assert (await self.send("head_object", v2.HeadObjectRequest(**self.names))).content_length == 5

    async def object_meta(self) -> None:
        await self.put()
        found = await self.send("get_object_meta", v2.GetObjectMetaRequest(**self.names))
        assert found.content_length == 5

    async def part_of_object(self) -> None:
        await self.put()
        assert await self.get(range_header="bytes=1-3", range_behavior="standard") == b"ell"

    async def delete(self) -> None:
        await self.put()
        await self.send("delete_object", v2.DeleteObjectRequest(**self.names))
        assert not await self.exists()

    async def exists(self) -> bool:
        raise NotImplementedError

    async def delete_many(self) -> None:
        await self.put()
        request = v2.DeleteMultipleObjectsRequest(**self.bucket, objects=[v2.DeleteObject("a")])
        found = await self.send("delete_multiple_objects", request)
        assert [one.key for one in found.deleted_objects] == ["a"]

    async def copy(self) -> None:
        await self.put(key="b")
        await self.send("copy_object", v2.CopyObjectRequest(**self.names, source_key="b"))
        assert await self.get() == b"hello"

    async def copy_between(self) -> None:
        other = self.target.other_bucket
        await self.put(bucket=other, key="b")
        request = v2.CopyObjectRequest(**self.names, source_bucket=other, source_key="b")
        await self.send("copy_object", request)
        assert await self.get() == b"hello"

    async def append(self) -> None:
        first = await self.send(
            "append_object", v2.AppendObjectRequest(**self.names, position=0, body=b"hel")
        )
        request = v2.AppendObjectRequest(**self.names, position=first.next_position, body=b"lo")
        await self.send("append_object", request)
        assert await self.get() == b"hello"

    async def list_objects(self) -> None:
        await self._put_several()
        request = v2.ListObjectsRequest(**self.bucket, delimiter="/")
        await self._compare_list(await self.send("list_objects", request))

    async def list_v2(self) -> None:
        await self._put_several()
        request = v2.ListObjectsV2Request(**self.bucket, delimiter="/")
        await self._compare_list(await self.send("list_objects_v2", request))

    async def _put_several(self) -> None:
        for name in ("a", "b/1", "b/2"):
            await self.put(key=name)

    async def _compare_list(self, found: Any) -> None:
        assert [one.key for one in found.contents] == ["a"]
        assert [one.prefix for one in found.common_prefixes] == ["b/"]

    async def list_versions(self) -> None:
        await self.versioning()
        put = [(await self.put(content)).version_id for content in (b"1", b"2")]
        marker = await self.send("delete_object", v2.DeleteObjectRequest(**self.names))
        found = await self.send("list_object_versions", v2.ListObjectVersionsRequest(**self.bucket))
        assert [one.version_id for one in found.version] == put[::-1]
        assert [one.version_id for one in found.delete_marker] == [marker.version_id]

    async def versions(self) -> None:
        await self.versioning()
        first, second = [(await self.put(content)).version_id for content in (b"1", b"2")]
        assert await self.get(version_id=first) == b"1"
        await self.send("delete_object", v2.DeleteObjectRequest(**self.names, version_id=second))
        assert await self.get() == b"1"

    async def object_acl(self) -> None:
        await self.put()
        await self.send("put_object_acl", v2.PutObjectAclRequest(**self.names, acl="public-read"))
        found = await self.send("get_object_acl", v2.GetObjectAclRequest(**self.names))
        assert found.acl == "public-read"

    async def object_tags(self) -> None:
        await self.put()
        tagging = v2.Tagging(v2.TagSet([v2.Tag("owner", "me")]))
        await self.send("put_object_tagging", v2.PutObjectTaggingRequest(**self.names, tagging=tagging))
        found = await self.send("get_object_tagging", v2.GetObjectTaggingRequest(**self.names))
        assert [(one.key, one.value) for one in found.tag_set.tags] == [("owner", "me")]
        await self.send("delete_object_tagging", v2.DeleteObjectTaggingRequest(**self.names))

    async def symlink(self) -> None:
        await self.send("put_symlink", v2.PutSymlinkRequest(**self.names, symlink_target="b"))

    async def restore(self) -> None:
        await self.put(storage_class="Archive")
        await self.send("restore_object", v2.RestoreObjectRequest(**self.names))

    async def image(self) -> None:
        await self.put()
        await self.get(process="image/info")

    async def callback(self) -> None:
        parameter = {"callbackUrl": self.target.callback_url, "callbackBody": "key=${object}"}
        header = base64.b64encode(json.dumps(parameter).encode()).decode()
        assert json.loads((await self.put(callback=header)).callback_result) == {"Status": "OK"}

    async def presigned_get(self) -> None:
        await self.put()
        assert fetch((await self.send("presign", v2.GetObjectRequest(**self.names))).url) == b"hello"

    async def presigned_put(self) -> None:
        store((await self.send("presign", v2.PutObjectRequest(**self.names))).url, b"hello")
        assert await self.get() == b"hello"

    async def multipart(self) -> None:
        upload = await self._begun()
        parts = [
            v2.UploadPart(number, (await self._part(upload, number, content)).etag)
            for number, content in ((1, b"a" * PART_BYTES), (2, b"end"))
        ]
        await self._complete(upload, parts)
        assert await self.get() == b"a" * PART_BYTES + b"end"

    async def lists_of_parts(self) -> None:
        upload = await self._begun()
        await self._part(upload, 1, b"hello")
        found = await self.send("list_parts", v2.ListPartsRequest(**self.names, upload_id=upload))
        assert [part.size for part in found.parts] == [5]
        assert await self._unfinished() == [upload]

    async def abort(self) -> None:
        request = v2.AbortMultipartUploadRequest(**self.names, upload_id=await self._begun())
        await self.send("abort_multipart_upload", request)
        assert await self._unfinished() == []

    async def part_copy(self) -> None:
        await self.put(key="b")
        upload = await self._begun()
        request = v2.UploadPartCopyRequest(
            **self.names, part_number=1, upload_id=upload, source_key="b", source_range="bytes=1-3"
        )
        part = await self.send("upload_part_copy", request)
        await self._complete(upload, [v2.UploadPart(1, part.etag)])
        assert await self.get() == b"ell"

    async def _begun(self) -> str:
        request = v2.InitiateMultipartUploadRequest(**self.names)
        return str((await self.send("initiate_multipart_upload", request)).upload_id)

    async def _part(self, upload: str, number: int, content: bytes) -> Any:
        options = {"upload_id": upload, "part_number": number, "body": content}
        return await self.send("upload_part", v2.UploadPartRequest(**self.names, **options))

    async def _complete(self, upload: str, parts: list[v2.UploadPart]) -> None:
        options = {"upload_id": upload, "complete_multipart_upload": v2.CompleteMultipartUpload(parts)}
        await self.send(
            "complete_multipart_upload", v2.CompleteMultipartUploadRequest(**self.names, **options)
        )

    async def _unfinished(self) -> list[str]:
        found = await self.send("list_multipart_uploads", v2.ListMultipartUploadsRequest(**self.bucket))
        return [one.upload_id for one in found.uploads or []]

    async def temporary_key(self) -> None:
        await self._put_with(configuration(self.target.url, TEMPORARY))
        assert await self.get() == b"hello"

    async def v1(self) -> None:
        await self._put_with(configuration(self.target.url, KEY, "v1"))
        assert await self.get(configuration(self.target.url, KEY, "v1")) == b"hello"

    async def v1_refused(self) -> None:
        await self._put_with(configuration(self.target.url_without_v1, KEY, "v1"))

    async def wrong_secret(self) -> None:
        await self._put_with(configuration(self.target.url, WRONG))

    async def _put_with(self, config: v2.config.Config) -> None:
        await self.send("put_object", v2.PutObjectRequest(**self.names, body=b"hello"), config)

    async def missing(self) -> None:
        await self.get()

    async def forbid_overwrite(self) -> None:
        for _ in range(2):
            await self.put(forbid_overwrite=True)
