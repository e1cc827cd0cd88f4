"""PyPI opendal: a program for each operation that its asynchronous operator reaches.

An operator is for one bucket; it signs V1, and nothing else. The synchronous operator signs no addresses, and
its lists hold Python's lock, so that an emulator in the same process could not answer.
"""

import re

import oss2
from opendal import AsyncOperator, exceptions

from oss_emulator.auth.credentials import Credential
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


def code_of(error: Exception) -> str:
    """Return the Code of a refusal, which its error has in its text only."""
    found = re.search(r'OssError \{ code: "(\w+)"', str(error))
    if type(error).__module__ != exceptions.__name__ or found is None:
        raise error
    return found[1]


class Programs:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.files = self.opened(KEY)

    def opened(self, key: Credential, url: str = "") -> AsyncOperator:
        token = {"security_token": key.security_token} if key.security_token else {}
        return AsyncOperator(
            "oss",
            bucket=self.target.bucket,
            endpoint=url or self.target.url,
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            addressing_style="path",
            presign_addressing_style="path",
            **token,
        )

    async def put_and_get(self) -> None:
        await self.files.write("a", b"hello")
        assert await self.files.read("a") == b"hello"

    async def head(self) -> None:
        await self.files.write("a", b"hello")
        assert (await self.files.stat("a")).content_length == 5

    async def part_of_object(self) -> None:
        await self.files.write("a", b"hello")
        assert await self.files.read("a", offset=1, size=3) == b"ell"

    async def delete(self) -> None:
        await self.files.write("a", b"hello")
        await self.files.delete("a")
        assert not await self.files.exists("a")

    async def delete_many(self) -> None:
        for name in ("folder/1", "folder/2"):
            await self.files.write(name, b"hello")
        await self.files.remove_all("folder/")
        assert not await self.files.exists("folder/1")

    async def copy(self) -> None:
        await self.files.write("a", b"hello")
        await self.files.copy("a", "b")
        assert await self.files.read("b") == b"hello"

    async def append(self) -> None:
        for content in (b"hel", b"lo"):
            await self.files.write("a", content, append=True)
        assert await self.files.read("a") == b"hello"

    async def list_v2(self) -> None:
        for name in ("a", "b/1", "b/2"):
            await self.files.write(name, b"hello")
        assert sorted([entry.path async for entry in await self.files.list("")]) == ["a", "b/"]

    async def list_versions(self) -> None:
        first, second = await self._two_versions()
        found = [entry.metadata.version async for entry in await self.files.list("", versions=True)]
        assert found == [second, first]

    async def versions(self) -> None:
        first, second = await self._two_versions()
        assert await self.files.read("a", version=first) == b"first"
        await self.files.delete("a", version=second)
        assert await self.files.read("a") == b"first"

    async def _two_versions(self) -> list[str | None]:
        """Store two versions of an object, in a bucket that another client has told to keep them."""
        auth = oss2.AuthV4(KEY.access_key_id, KEY.access_key_secret)
        bucket = oss2.Bucket(auth, self.target.url, self.target.bucket, region=REGION)
        bucket.put_bucket_versioning(oss2.models.BucketVersioningConfig("Enabled"))
        made = []
        for content in (b"first", b"second"):
            await self.files.write("a", content)
            made.append((await self.files.stat("a")).version)
        return made

    async def presigned_get(self) -> None:
        await self.files.write("a", b"hello")
        assert fetch((await self.files.presign_read("a", 60)).url) == b"hello"

    async def presigned_put(self) -> None:
        store((await self.files.presign_write("a", 60)).url, b"hello")
        assert await self.files.read("a") == b"hello"

    async def multipart(self) -> None:
        await self.files.write("a", CONTENT, chunk=PART_BYTES)
        assert await self.files.read("a") == CONTENT

    async def temporary_key(self) -> None:
        self.files = self.opened(TEMPORARY)
        await self.put_and_get()

    async def v1(self) -> None:
        await self.put_and_get()

    async def v1_refused(self) -> None:
        await self.opened(KEY, self.target.url_without_v1).write("a", b"hello")

    async def wrong_secret(self) -> None:
        await self.opened(WRONG).write("a", b"hello")

    async def missing(self) -> None:
        await self.files.read("a")

    async def forbid_overwrite(self) -> None:
        for _ in range(2):
            await self.files.write("a", b"hello", if_not_exists=True)
