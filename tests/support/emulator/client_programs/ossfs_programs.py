"""PyPI ossfs, the file system of fsspec: a program for each operation that its calls reach.

It signs V1 and nothing else. It writes an opened file by AppendObject; `pipe_file` and `put_file` do not.
"""

import oss2
import ossfs
from ossfs.base import DEFAULT_BLOCK_SIZE

from oss_emulator.auth.credentials import Credential
from tests.support.emulator.client_programs.target import CONTENT, KEY, TEMPORARY, WRONG, Target


def code_of(error: Exception) -> str:
    """Return the Code of the refusal that an error of Python's own was made of."""
    if not isinstance(error.__cause__, oss2.exceptions.ServerError):
        raise error
    return str(error.__cause__.code)


class Programs:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.files = self.opened(KEY)
        self.a, self.b = (f"{target.bucket}/{name}" for name in "ab")

    def opened(self, key: Credential, url: str = "") -> ossfs.OSSFileSystem:
        return ossfs.OSSFileSystem(
            endpoint=url or self.target.url,
            key=key.access_key_id,
            secret=key.access_key_secret,
            token=key.security_token,
            skip_instance_cache=True,
        )

    def list_buckets(self) -> None:
        assert {self.target.bucket, self.target.other_bucket} <= set(self.files.ls("", detail=False))

    def bucket_info(self) -> None:
        assert self.files.exists(self.target.bucket)

    def put_and_get(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        assert self.files.cat_file(self.a) == b"hello"

    def put_file(self) -> None:
        (self.target.folder / "file").write_bytes(CONTENT)
        self.files.put_file(str(self.target.folder / "file"), self.a)
        self.files.get_file(self.a, str(self.target.folder / "back"))
        assert (self.target.folder / "back").read_bytes() == CONTENT

    def head(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        assert self.files.exists(self.a)

    def object_meta(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        assert self.files.modified(self.a)

    def part_of_object(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        with self.files.open(self.a, block_size=2) as file:
            file.seek(1)
            assert file.read(3) == b"ell"

    def delete(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        self.files.rm_file(self.a)
        assert not self.files.exists(self.a)

    def delete_many(self) -> None:
        for name in ("folder/1", "folder/2"):
            self.files.pipe_file(f"{self.target.bucket}/{name}", b"hello")
        self.files.rm(f"{self.target.bucket}/folder", recursive=True)
        assert not self.opened(KEY).find(self.target.bucket)

    def copy(self) -> None:
        self.files.pipe_file(self.a, b"hello")
        self.files.cp_file(self.a, self.b)
        assert self.files.cat_file(self.b) == b"hello"

    def append(self) -> None:
        with self.files.open(self.a, "wb") as file:
            file.write(b"hel")
        with self.files.open(self.a, "ab") as file:
            file.write(b"lo")
        assert self.files.cat_file(self.a) == b"hello"

    def list_objects(self) -> None:
        for name in ("a", "b/1", "b/2"):
            self.files.pipe_file(f"{self.target.bucket}/{name}", b"")
        assert self.files.ls(self.target.bucket, detail=False) == [self.a, f"{self.b}/"]

    def multipart(self) -> None:
        content = CONTENT * (2 * DEFAULT_BLOCK_SIZE // len(CONTENT) + 1)
        self.files.pipe_file(self.a, content)
        assert self.files.cat_file(self.a) == content

    def temporary_key(self) -> None:
        self.files = self.opened(TEMPORARY)
        self.put_and_get()

    def v1(self) -> None:
        self.put_and_get()

    def v1_refused(self) -> None:
        self.opened(KEY, self.target.url_without_v1).pipe_file(self.a, b"hello")

    def wrong_secret(self) -> None:
        self.opened(WRONG).pipe_file(self.a, b"hello")

    def missing(self) -> None:
        self.files.cat_file(self.a)

    def forbid_overwrite(self) -> None:
        for _ in range(2):
            self.files.pipe_file(self.a, b"hello", headers={"x-oss-forbid-overwrite": "true"})
