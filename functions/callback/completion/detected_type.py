"""What the first bytes of a file say about its type: a small table of what browsers show, and of containers.

Pure. It tells families apart, not the formats inside one container: a DOCX is `application/zip`, a DOC is
`application/x-ole-storage`, a raw photo may be `image/tiff`. It knows no text, such as HTML, SVG or CSV. What
it says is a hint, and no reason to refuse a file.

Sources: WHATWG MIME Sniffing (section 6) and, for the others, each format's specification: ISO/IEC 14496-12
(MP4), 23008-12 (HEIF), AVIF, RFC 9559 (Matroska), RFC 3533 (Ogg), ISO/IEC 11172-3 and 13818-3 (MPEG audio),
13818-7 (ADTS), ID3v2, RFC 9639 (FLAC), TIFF 6.0, APPNOTE.TXT (ZIP), RFC 1952 (GZIP), POSIX (ustar).
"""

import re
from collections.abc import Callable

FIRST_BYTES = 4096  # a tar archive is known by byte 257, MPEG audio by its second frame
SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF.{4}WEBPVP8", "image/webp"),
    (rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "image/bmp"),
    (rb"II\*\0|MM\0\*", "image/tiff"),
    (rb"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (rb"%PDF-", "application/pdf"),
    (rb"\{\\rtf", "application/rtf"),
    (rb"RIFF.{4}WAVE", "audio/wav"),
    (rb"RIFF.{4}AVI ", "video/x-msvideo"),
    (rb"fLaC", "audio/flac"),
    (rb"#!AMR", "audio/amr"),
    (rb"ID3[\x02-\x04]", "audio/mpeg"),
    (rb"\0\0\x01\xba", "video/mpeg"),
    (rb".{4}(moov|wide|mdat)", "video/quicktime"),  # files without ftyp, as cameras wrote them
    (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "application/zip"),
    (rb"\x1f\x8b\x08", "application/gzip"),
    (rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)", "application/x-bzip2"),
    (rb"\xfd7zXZ\0", "application/x-xz"),
    (rb"Rar!\x1a\x07(\0|\x01\0)", "application/vnd.rar"),
    (rb"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (rb".{257}ustar", "application/x-tar"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
BRANDS = (  # of ISO media files; the first that the file has decides
    (rb"avif|avis", "image/avif"),
    (rb"hei[cxms]|hev[cxms]", "image/heic"),
    (rb"mif1|msf1", "image/heif"),
    (rb"M4[ABP] ", "audio/mp4"),
    (rb"qt  ", "video/quicktime"),
    (rb"3g[2egprs].", "video/3gpp"),
    (rb"iso.|mp4.|avc1|dash|cmf.|M4V.|MSNV|f4v ", "video/mp4"),
)
OGG_STREAMS = (
    (rb"\x01vorbis|OpusHead|\x7fFLAC|Speex   ", "audio/ogg"),
    (rb"\x80theora", "video/ogg"),
)
DOCTYPES = {b"webm": "video/webm", b"matroska": "video/matroska"}
DOCTYPE = re.compile(rb"\x42\x82[\x84\x88](webm|matroska)")  # an EBML element of 4 or 8 bytes
MPEG_AUDIO = re.compile(rb"\xff([\xe2-\xe5\xf2-\xf5\xfa-\xfd])([\x10-\xef]).", re.DOTALL)  # layers II and III
LAYER_2, LAYER_3 = 2, 1
MPEG_1, MPEG_2, MPEG_2_5 = 3, 2, 0
KBITS = {  # by version and layer; MPEG-2 and 2.5 have one table for both layers
    (MPEG_1, LAYER_2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (MPEG_1, LAYER_3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
KBITS_OF_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
HERTZ = {
    MPEG_1: (44100, 48000, 32000, 0),
    MPEG_2: (22050, 24000, 16000, 0),
    MPEG_2_5: (11025, 12000, 8000, 0),
}
ADTS = re.compile(rb"\xff[\xf0\xf1\xf8\xf9].(.)(.)(.).", re.DOTALL)
ADTS_HEADER_BYTES = 7


def detect_type(first: bytes) -> str:
    """Return the type that a file's first bytes show, under its name in `media_types`; empty if none."""
    for pattern, media_type in SIGNATURES:
        if re.match(pattern, first, re.DOTALL):
            return media_type
    if first[4:8] == b"ftyp":
        return _type_of_brands(first)
    if first.startswith(b"OggS"):
        return _first_match(OGG_STREAMS, first[28:36]) or "application/ogg"
    if first.startswith(b"\x1a\x45\xdf\xa3"):
        doctype = DOCTYPE.search(first, 4, 64)
        return DOCTYPES[doctype[1]] if doctype else ""
    if _frames(first, _mpeg_audio_bytes):
        return "audio/mpeg"
    return "audio/aac" if _frames(first, _adts_bytes) else ""


def _type_of_brands(first: bytes) -> str:
    """Return the type of an ISO media file: its major brand decides, but one of HEIF stands for several."""
    major, size = first[8:12], int.from_bytes(first[:4], "big")
    found = _first_match(BRANDS, major)
    if found != "image/heif":
        return found
    others = [first[at : at + 4] for at in range(16, min(size, len(first)) - 3, 4)]
    types = [_first_match(BRANDS[:2], brand) for brand in others]
    return next(filter(None, types), found)


def _first_match(table: "tuple[tuple[bytes, str], ...]", value: bytes) -> str:
    return next((name for pattern, name in table if re.match(pattern, value, re.DOTALL)), "")


def _frames(first: bytes, bytes_of: "Callable[[bytes], int]") -> bool:
    """Tell whether a frame of audio begins here and another one follows it: a header alone is a weak sign."""
    size = bytes_of(first)
    return size > 0 and bytes_of(first[size:]) > 0


def _mpeg_audio_bytes(frame: bytes) -> int:
    """Return the size of a frame of MPEG audio, layer II or III, by its header; 0 if it is none."""
    header = MPEG_AUDIO.match(frame)
    if not header:
        return 0
    (first,), (second,) = header.groups()
    version, layer = first >> 3 & 3, first >> 1 & 3
    hertz = HERTZ[version][second >> 2 & 3]
    kbits = KBITS.get((version, layer), KBITS_OF_MPEG_2)[second >> 4]
    samples = 576 if layer == LAYER_3 and version != MPEG_1 else 1152
    return samples * kbits * 1000 // 8 // hertz + (second >> 1 & 1) if hertz else 0


def _adts_bytes(frame: bytes) -> int:
    """Return the size of a frame of AAC in ADTS, by its header; 0 if it is none."""
    header = ADTS.match(frame)
    if not header:
        return 0
    (high,), (middle,), (low,) = header.groups()
    size = (high & 3) << 11 | middle << 3 | low >> 5
    return size if size > ADTS_HEADER_BYTES else 0
