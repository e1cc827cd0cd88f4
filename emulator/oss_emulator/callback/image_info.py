"""Width, height and format of an image, from the first bytes of its file. Nothing is decompressed.

Without an image library, so that only a few bytes are read, whatever the file is. A file that is no image, or
whose header is damaged, has none of the three.
Source: OSS Callback page (imageInfo); EC 0007-00000302 for the formats. HEIC, which that page has too, is not
supported.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 33  # the longest: signature and first chunk of a PNG, with its checksum
MAX_SEGMENTS = 1000  # ours, of a JPEG: each may have 64 KB and is skipped
MAX_DIRECTORY_ENTRIES = 1000  # ours, of a TIFF

MARK = 0xFF  # every marker of a JPEG begins with it

Size = tuple[int, int]  # width, height

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF markers; the three are tables
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_TIFF_NUMBERS = {3: "H", 4: "I"}  # SHORT and LONG
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_OLD_BMP_HEADER = 12


@dataclass(frozen=True)
class ImageInfo:
    """An image: size in pixels as stored, whatever its orientation, and one of OSS's format names."""

    width: int
    height: int
    format: str


def image_info(content: BinaryIO) -> ImageInfo | None:
    """Return size and format as an image's file states them; None for other files. `content` is seekable."""
    head = content.read(HEAD_BYTES)
    for magic, (name, read) in _FORMATS.items():
        if head.startswith(magic):
            size = _size_or_none(read, head, content)
            return ImageInfo(*size, name) if size and min(size) > 0 else None
    return None


def _size_or_none(
    read: Callable[[bytes, BinaryIO], Size | None], head: bytes, content: BinaryIO
) -> Size | None:
    try:
        return read(head, content)
    except struct.error:  # fewer bytes than the format has
        return None


def _png(head: bytes, _content: BinaryIO) -> Size | None:
    length, kind, width, height = struct.unpack_from(">I4sII", head, 8)
    (checksum,) = struct.unpack_from(">I", head, 29)
    whole = (length, kind) == (13, b"IHDR") and zlib.crc32(head[12:29]) == checksum
    return (width, height) if whole else None


def _gif(head: bytes, _content: BinaryIO) -> Size:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _bmp(head: bytes, _content: BinaryIO) -> Size:
    (header_size,) = struct.unpack_from("<I", head, 14)
    width, height = struct.unpack_from("<HH" if header_size == _OLD_BMP_HEADER else "<ii", head, 18)
    return width, abs(height)  # a negative height means that rows are stored from top to bottom


def _webp(head: bytes, _content: BinaryIO) -> Size | None:
    if head[8:15] != b"WEBPVP8":
        return None
    match head[15:16]:
        case b" " if head[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"L" if head[20:21] == b"\x2f":
            (bits,) = struct.unpack_from("<I", head, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"X" if len(head) >= 30:  # noqa: PLR2004 - the end of both sizes
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return None


def _jpeg(_head: bytes, content: BinaryIO) -> Size | None:
    content.seek(2)
    for _ in range(MAX_SEGMENTS):
        mark, kind = struct.unpack(">BB", content.read(2))
        if mark != MARK:
            return None
        if kind == MARK:  # any number of them may precede a marker
            content.seek(-1, 1)
            continue
        if kind in _JPEG_ALONE:
            continue
        (length,) = struct.unpack(">H", content.read(2))
        if kind in _JPEG_FRAMES:
            _, height, width = struct.unpack(">BHH", content.read(5))
            return width, height
        content.seek(max(0, length - 2), 1)
    return None


def _tiff(head: bytes, content: BinaryIO) -> Size | None:
    order = "<" if head.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(f"{order}I", head, 4)
    content.seek(directory)
    (entries,) = struct.unpack(f"{order}H", content.read(2))
    found: dict[int, int] = {}
    for _ in range(min(entries, MAX_DIRECTORY_ENTRIES)):
        entry = content.read(12)
        tag, kind = struct.unpack_from(f"{order}HH", entry)
        if tag in {_TIFF_WIDTH, _TIFF_HEIGHT} and kind in _TIFF_NUMBERS:
            (found[tag],) = struct.unpack_from(f"{order}{_TIFF_NUMBERS[kind]}", entry, 8)
    sizes = found.get(_TIFF_WIDTH), found.get(_TIFF_HEIGHT)
    return (sizes[0], sizes[1]) if sizes[0] and sizes[1] else None


_FORMATS: Mapping[bytes, tuple[str, Callable[[bytes, BinaryIO], Size | None]]] = {
    b"\xff\xd8\xff": ("jpg", _jpeg),
    b"\x89PNG\r\n\x1a\n": ("png", _png),
    b"GIF87a": ("gif", _gif),
    b"GIF89a": ("gif", _gif),
    b"BM": ("bmp", _bmp),
    b"RIFF": ("webp", _webp),
    b"II*\0": ("tiff", _tiff),
    b"MM\0*": ("tiff", _tiff),
}
