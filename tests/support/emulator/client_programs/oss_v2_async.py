"""PyPI alibabacloud-oss-v2, its asynchronous client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import alibabacloud_oss_v2 as v2
from alibabacloud_oss_v2.aio import AsyncClient

from tests.support.emulator.client_programs.oss_v2_programs import CommonPrograms


class AsyncPrograms(CommonPrograms):
    """It has no uploader, no downloader, and of a bucket's configuration ACL and versioning only."""

    async def send(self, operation: str, request: Any, config: v2.config.Config | None = None) -> Any:
        async with self._client(config) as client:
            return await getattr(client, operation)(request)

    async def get(self, config: v2.config.Config | None = None, **options: Any) -> bytes:
        async with self._client(config) as client:
            found = await client.get_object(v2.GetObjectRequest(**self.names, **options))
            content: bytes = await found.body.read()
            await found.body.close()
            return content

    async def exists(self) -> bool:
        async with self._client() as client:
            return bool(await client.is_object_exist(*self.names.values()))

    @asynccontextmanager
    async def _client(self, config: v2.config.Config | None = None) -> AsyncIterator[AsyncClient]:
        client = AsyncClient(config or self.ordinary())
        try:
            yield client
        finally:
            await client.close()
