"""The type that the first bytes show: of files of other tools, and of headers in specifications."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from completion.detected_type import FIRST_BYTES, detect_type
from tests.support.hypothesis_settings import FEW
from vendored.media_types import TYPES

PILLOW = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "PDF": "application/pdf",
}


@pytest.mark.parametrize("kind", PILLOW)
def test_an_image_that_pillow_wrote(kind: str) -> None:
    written = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(written, kind)
    assert detect_type(written.getvalue()[:FIRST_BYTES]) == PILLOW[kind]


def test_archives_and_sound_that_python_wrote() -> None:
    zipped, tarred, sound = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    with wave.open(sound, "wb") as recording:
        recording.setparams((1, 2, 8000, 0, "NONE", ""))
        recording.writeframes(b"\0\0")
    written = {
        "application/zip": zipped.getvalue(),
        "application/x-tar": tarred.getvalue(),
        "audio/wav": sound.getvalue(),
        "application/gzip": gzip.compress(b"a"),
        "application/x-bzip2": bz2.compress(b"a"),
        "application/x-xz": lzma.compress(b"a"),
    }
    assert {kind: detect_type(file[:FIRST_BYTES]) for kind, file in written.items()} == {
        kind: kind for kind in written
    }
    with zipfile.ZipFile(empty := io.BytesIO(), "w"):
        pass
    assert detect_type(empty.getvalue()) == "application/zip"
    assert detect_type(bz2.compress(b"")) == "application/x-bzip2"


def hexed(*parts: str) -> bytes:
    """Join pieces of hexadecimal digits, and of text in quotes."""
    return b"".join(part[1:].encode("latin-1") if part[0] == "'" else bytes.fromhex(part) for part in parts)


def ogg(packet: bytes) -> bytes:
    """Return the first page of a stream (RFC 3533, section 6): one segment."""
    return b"OggS\0\x02" + bytes(20) + bytes([1, len(packet)]) + packet


HEADERS = {  # the first bytes as the format's specification has them, or as a widespread writer writes them
    "MP4 of ffmpeg": ("video/mp4", hexed("00000020", "'ftypisom", "00000200", "'isomiso2avc1mp41")),
    "MP4 of a phone": ("video/mp4", hexed("00000018", "'ftypmp42", "00000000", "'isommp42")),
    "MP4 for streaming": ("video/mp4", hexed("00000018", "'ftypdash", "00000000", "'iso6mp41")),
    "M4V": ("video/mp4", hexed("00000020", "'ftypM4V ", "00000001", "'M4V M4A mp42isom")),
    "M4A of iTunes": ("audio/mp4", hexed("00000020", "'ftypM4A ", "00000000", "'M4A mp42isom", "00000000")),
    "MOV": ("video/quicktime", hexed("00000014", "'ftypqt  ", "20050300", "'qt  ")),
    "MOV without ftyp": ("video/quicktime", hexed("00000008", "'wide", "00001000", "'mdat")),
    "3GP": ("video/3gpp", hexed("00000018", "'ftyp3gp5", "00000100", "'3gp53gp4")),
    "an unknown brand": ("", hexed("00000014", "'ftypcrx ", "00000001", "'crx ")),
    "HEIC of iOS": ("image/heic", hexed("00000024", "'ftypheic", "00000000", "'mif1MiHEmiafMiHBheic")),
    "HEIC by its second brand": ("image/heic", hexed("00000018", "'ftypmif1", "00000000", "'mif1heic")),
    "AVIF by its second brand": ("image/avif", hexed("0000001c", "'ftypmif1", "00000000", "'mif1avifmiaf")),
    "HEIF of another codec": ("image/heif", hexed("00000018", "'ftypmif1", "00000000", "'mif1jpeg")),
    "a brand behind the box": ("image/heif", hexed("00000014", "'ftypmif1", "00000000", "'mif1heic")),
    "AVIF sequence": ("image/avif", hexed("0000001c", "'ftypavis", "00000000", "'avismsf1miaf")),
    "WebM of ffmpeg": (
        "video/webm",
        hexed("1a45dfa3 01000000 0000001f 42868101 42f78101 42f28104 42f38108 428284", "'webm"),
    ),
    "Matroska": (
        "video/matroska",
        hexed("1a45dfa3 a3 42868101 42f78101 42f28104 42f38108 428288", "'matroska"),
    ),
    "EBML of something else": ("", hexed("1a45dfa3 8f 428284", "'abcd")),
    "Vorbis": ("audio/ogg", ogg(b"\x01vorbis" + bytes(23))),
    "Opus": ("audio/ogg", ogg(b"OpusHead\x01\x02")),
    "FLAC in Ogg": ("audio/ogg", ogg(b"\x7fFLAC\x01\x00")),
    "Theora": ("video/ogg", ogg(b"\x80theora" + bytes(35))),
    "Ogg of something else": ("application/ogg", ogg(b"fishead\0")),
    "FLAC": ("audio/flac", hexed("'fLaC", "00000022")),
    "AMR": ("audio/amr", b"#!AMR\n"),
    "MP3 with ID3": ("audio/mpeg", hexed("'ID3", "0400 00 00000023")),
    "AVI": ("video/x-msvideo", hexed("'RIFF", "00100000", "'AVI LIST")),
    "MPEG": ("video/mpeg", hexed("000001ba 44000400 0401")),
    "PDF": ("application/pdf", b"%PDF-1.7\n"),
    "RTF": ("application/rtf", b"{\\rtf1\\ansi"),
    "PSD": ("image/vnd.adobe.photoshop", hexed("'8BPS", "0001 000000000000")),
    "TIFF of a Mac": ("image/tiff", hexed("4d4d002a 00000008")),
    "RAR 4": ("application/vnd.rar", hexed("'Rar!", "1a0700")),
    "RAR 5": ("application/vnd.rar", hexed("'Rar!", "1a070100")),
    "7z": ("application/x-7z-compressed", hexed("377abcaf271c 0004")),
    "DOC": ("application/x-ole-storage", hexed("d0cf11e0a1b11ae1")),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_of_the_specifications(name: str) -> None:
    media_type, first = HEADERS[name]
    assert detect_type(first + bytes(64)) == media_type


def audio(header: str, size: int, second: str = "") -> bytes:
    """Return a frame of so many bytes, and the header of the next one."""
    return bytes.fromhex(header).ljust(size, b"\0") + bytes.fromhex(second or header)


FRAMES = {  # header, size: samples / 8 * bit rate / sampling rate + padding (ISO/IEC 11172-3, 2.4.3.1)
    "MPEG-1 layer III, 128 kbit/s, 44.1 kHz": audio("fffb9064", 417),
    "the same, padded": audio("fffb9264", 418),
    "MPEG-1 layer III, 320 kbit/s, 48 kHz, with CRC": audio("fffae400", 960),
    "MPEG-1 layer II, 192 kbit/s, 48 kHz": audio("fffda404", 576),
    "MPEG-2 layer III, 64 kbit/s, 22.05 kHz": audio("fff380c4", 208),
    "MPEG-2 layer II, 64 kbit/s, 24 kHz": audio("fff58404", 384),
    "MPEG-2.5 layer III, 8 kbit/s, 8 kHz": audio("ffe318c4", 72),
    "MPEG-2.5 layer III, 32 kbit/s, 11.025 kHz": audio("ffe340c4", 208),
}


@pytest.mark.parametrize("name", FRAMES)
def test_mpeg_audio_is_known_by_two_frames(name: str) -> None:
    first = FRAMES[name]
    assert detect_type(first) == "audio/mpeg"
    assert detect_type(first[:-1]) == ""
    assert detect_type(first[:4] + b"\0" + first[4:]) == ""


def test_aac_is_known_by_two_frames() -> None:
    header = "fff15080 1fc0fc"  # ADTS: 254 bytes
    first = audio(header, 254)
    assert detect_type(first) == "audio/aac"
    assert detect_type(first[:-1]) == ""
    assert detect_type(audio("fff15080 00c0fc", 6)) == "", "shorter than its header"


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"\xff",
        b"hello, world",
        b"<!doctype html><script>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">',
        b"a;b;c\n1;2;3\n",
        "utf-16 text".encode("utf-16"),
        b"BM of the month",
        b"MZ\x90\0",
        b"\x7fELF",
        b"\xff\xfb\xf0" * 1000,  # no such bit rate
        b"\xff\xfb\x9c" * 1000,  # no such sampling rate
        b"\xff\xfb\x00" * 1000,  # a free bit rate, whose frames have no known size
        b"\xff\xeb\x90" * 1000,  # no such version
    ],
)
def test_text_and_the_rest_are_unknown(first: bytes) -> None:
    assert detect_type(first) == ""


def test_a_type_has_the_one_name_that_grants_use() -> None:
    found = {media_type for media_type, _ in HEADERS.values()} | {*PILLOW.values()}
    assert found - {*TYPES} == {"", "application/ogg", "application/x-ole-storage"}


STARTS = st.sampled_from([b"", b"\xff", b"\0\0\0\x20ftyp", b"\x1a\x45\xdf\xa3", b"OggS", b"RIFF", b"PK"])


@FEW
@given(first=st.builds(bytes.__add__, STARTS, st.binary(max_size=600)))
def test_any_bytes_are_a_type_or_none(first: bytes) -> None:
    assert detect_type(first) in {"", "application/ogg", "application/x-ole-storage", *TYPES}
