"""Media types: their one name, what the name of a file says, and which of them are allowed. And file names.

Browsers and systems spell one type in several ways, or send none. Here each type has one name, and only that
name is judged, stored and shown: a registered name, or else the one that browsers send.

Sources: IANA's registry, mime-db, shared-mime-info, Chromium's `mime_util.cc`, Firefox's
`nsExternalHelperAppService.cpp`, Windows' HKEY_CLASSES_ROOT, and reports of uploads that were refused.
The page has the same tables, in `client/src/page/media-types.js`.
"""

import functools
import re
from collections.abc import Iterable, Mapping

from vendored.env import comma_list, full_match

TOP_LEVEL_TYPE = r"[a-z0-9][a-z0-9.+-]{0,31}"
SUBTYPE = r"[a-z0-9][a-z0-9.+-]{0,63}"
PATTERN = re.compile(rf"\*/\*|{TOP_LEVEL_TYPE}/(\*|{SUBTYPE})")
SVG = "image/svg+xml"
UNKNOWN = "application/octet-stream"
DEFAULT_TYPES = (
    "image/*,audio/*,video/*,text/plain,text/csv,text/tab-separated-values,text/markdown,application/json,"
    "application/pdf,application/rtf,"
    "application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,"
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document,"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
    "application/vnd.openxmlformats-officedocument.presentationml.presentation,"
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow,"
    "application/vnd.ms-word.document.macroenabled.12,application/vnd.ms-excel.sheet.macroenabled.12,"
    "application/vnd.ms-excel.sheet.binary.macroenabled.12,"
    "application/vnd.ms-powerpoint.presentation.macroenabled.12,"
    "application/vnd.visio,application/vnd.ms-visio.drawing,"
    "application/vnd.oasis.opendocument.text,application/vnd.oasis.opendocument.spreadsheet,"
    "application/vnd.oasis.opendocument.presentation,application/vnd.ms-outlook,application/zip,"
    "application/gzip,application/x-bzip2,application/x-xz,application/x-7z-compressed,application/vnd.rar,"
    "application/x-tar,"
    "application/octet-stream"
)
TYPES = {  # the one name: extensions of such files, first the one that keys get; other spellings of the type
    "image/png": ("png", "image/x-png image/x-citrix-png"),
    "image/jpeg": ("jpg jpeg jpe jfif pjpeg pjp", "image/jpg image/pjpeg image/x-citrix-jpeg"),
    "image/gif": ("gif", ""),
    "image/webp": ("webp", ""),
    "image/avif": ("avif", ""),
    "image/bmp": ("bmp", "image/x-bmp image/x-ms-bmp"),
    "image/heic": ("heic", "image/heic-sequence"),
    "image/heif": ("heif", "image/heif-sequence"),
    "image/tiff": ("tif tiff", "image/tif image/x-tiff"),
    "image/svg+xml": ("svg svgz", "image/svg"),
    "image/vnd.microsoft.icon": ("ico", "image/x-icon image/x-ico image/ico image/icon"),
    "image/vnd.adobe.photoshop": (
        "psd",
        "image/x-photoshop image/photoshop image/psd application/x-photoshop application/photoshop",
    ),
    "audio/mpeg": (
        "mp3",
        "audio/mp3 audio/x-mp3 audio/x-mpeg audio/mpeg3 audio/x-mpeg-3 audio/mpg audio/x-mpg",
    ),
    "audio/mp4": ("m4a", "audio/m4a audio/x-m4a audio/mp4a-latm"),
    "audio/ogg": ("ogg oga opus", "audio/x-ogg"),
    "audio/wav": ("wav", "audio/x-wav audio/wave audio/x-wave audio/vnd.wave audio/x-pn-wav"),
    "audio/webm": ("weba", ""),
    "audio/flac": ("flac", "audio/x-flac"),
    "audio/aac": ("aac", "audio/x-aac audio/aacp audio/vnd.dlna.adts"),
    "audio/amr": ("amr", "audio/x-amr"),
    "audio/x-ms-wma": ("wma", "audio/wma"),
    "video/mp4": ("mp4 m4v", "video/m4v video/x-m4v"),
    "video/ogg": ("ogv", "video/x-ogg"),
    "video/webm": ("webm", ""),
    "video/quicktime": ("mov", "video/x-quicktime"),
    "video/mpeg": ("mpg mpeg", "video/mpg video/x-mpg video/x-mpeg"),
    "video/x-msvideo": ("avi", "video/avi video/x-avi video/msvideo"),
    "video/matroska": ("mkv", "video/x-matroska video/mkv"),
    "video/x-ms-wmv": ("wmv", "video/wmv"),
    "video/3gpp": ("3gp 3gpp", "video/3gp"),
    "text/plain": ("txt text log", "text/x-log"),
    "text/csv": (
        "csv",
        "text/x-csv text/comma-separated-values text/x-comma-separated-values application/csv",
    ),
    "text/tab-separated-values": ("tsv", "text/tsv text/x-tsv"),
    "text/markdown": ("md markdown", "text/x-markdown"),
    "application/json": ("json", "text/json application/x-json"),
    "application/pdf": ("pdf", "application/x-pdf application/acrobat text/pdf"),
    "application/rtf": ("rtf", "text/rtf application/x-rtf"),
    "application/msword": (
        "doc",
        "application/x-msword application/vnd.ms-word application/doc application/wps-office.doc",
    ),
    "application/vnd.ms-excel": (
        "xls",
        "application/msexcel application/x-msexcel application/x-excel application/wps-office.xls",
    ),
    "application/vnd.ms-powerpoint": (
        "ppt",
        "application/mspowerpoint application/x-mspowerpoint application/wps-office.ppt",
    ),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        "docx",
        "application/wps-office.docx application/vnd.ms-word.document.12 application/haansoftdocx",
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
        "xlsx",
        "application/wps-office.xlsx application/vnd.ms-excel.12 application/haansoftxlsx",
    ),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (
        "pptx",
        "application/wps-office.pptx application/vnd.ms-powerpoint.presentation.12 application/haansoftpptx",
    ),
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": ("ppsx", ""),
    "application/vnd.ms-word.document.macroenabled.12": ("docm", ""),
    "application/vnd.ms-excel.sheet.macroenabled.12": ("xlsm", ""),
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": ("xlsb", ""),
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": ("pptm", ""),
    "application/vnd.visio": ("vsd", "application/x-visio application/visio"),
    "application/vnd.ms-visio.drawing": ("vsdx", "application/vnd.ms-visio.viewer"),
    "application/vnd.oasis.opendocument.text": ("odt", "application/x-vnd.oasis.opendocument.text"),
    "application/vnd.oasis.opendocument.spreadsheet": (
        "ods",
        "application/x-vnd.oasis.opendocument.spreadsheet",
    ),
    "application/vnd.oasis.opendocument.presentation": (
        "odp",
        "application/x-vnd.oasis.opendocument.presentation",
    ),
    "application/vnd.ms-outlook": ("msg", ""),
    "application/zip": (
        "zip",
        "application/x-zip-compressed application/x-zip application/x-compressed-zip multipart/x-zip",
    ),
    "application/gzip": (
        "gz tgz",
        "application/x-gzip application/x-gzip-compressed application/x-compressed-tar application/x-tgz",
    ),
    "application/x-bzip2": ("bz2", "application/bzip2 application/x-bzip application/x-bz2"),
    "application/x-xz": ("xz", "application/xz"),
    "application/x-7z-compressed": (
        "7z",
        "application/7z application/x-7z application/x-7zip application/x-7zip-compressed",
    ),
    "application/vnd.rar": ("rar", "application/rar application/x-rar application/x-rar-compressed"),
    "application/x-tar": ("tar", "application/tar application/x-gtar"),
    "application/octet-stream": (
        "",
        "application/wps-office.wps application/wps-office.et application/wps-office.dps",
    ),
    "text/html": ("html htm shtml shtm", ""),
    "application/xhtml+xml": ("xhtml xht", ""),
    "text/xml": ("xml xsl xslt", "application/xml application/x-xml application/xslt+xml"),
    "text/javascript": (
        "js mjs",
        "text/x-javascript application/javascript application/x-javascript",
    ),
    "text/css": ("css", ""),
    "multipart/related": ("mht mhtml", "application/x-mimearchive"),
}
PARTS_OF_PAGES = frozenset(
    ("text/html", "application/xhtml+xml", "text/xml", "text/javascript", "text/css", "multipart/related")
)  # browsers run these, or show them as a page: no key gets the extension of one
AMBIGUOUS = {  # types that systems give to several kinds of file, and the extensions that tell which it is
    "application/x-compressed": "zip gz tgz bz2 xz 7z rar tar",
    "application/zip": "docx xlsx pptx odt ods odp",
    "application/msword": "rtf docx docm",
    "application/vnd.ms-excel": "csv tsv xlsx xlsm xlsb",
    "application/vnd.ms-powerpoint": "pptx ppsx pptm",
    "application/vnd.ms-office": "doc docx xls xlsx ppt pptx vsd",
    "application/vnd.visio": "vsdx",
    "application/kswps": "doc docx rtf",
    "application/kset": "xls xlsx csv",
    "application/ksdps": "ppt pptx",
    "application/ogg": "ogg oga opus ogv",
    "video/ogg": "ogg oga opus",
    "image/heif": "heic",
}
INLINE_TYPES = frozenset(
    [f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp")]
    + [f"audio/{kind}" for kind in ("mpeg", "mp4", "ogg", "wav", "webm")]
    + [f"video/{kind}" for kind in ("mp4", "webm", "ogg")]
)  # browsers show these without running anything in them
BIDI_CONTROLS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
LINE_SEPARATORS = (0x2028, 0x2029)
UNSAFE_IN_NAMES = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), *LINE_SEPARATORS, *b"/\\")))
SHOWN = dict.fromkeys((*BIDI_CONTROLS, *LINE_SEPARATORS), "_")


def read_patterns(value: str) -> tuple[str, ...]:
    """Read a comma list of media types such as `image/*,application/pdf`, and return their one names."""
    listed = comma_list(value.lower())
    for pattern in listed:
        full_match(PATTERN, pattern, "must be a comma list of media types such as image/*,application/pdf")
    return one_names(listed)


def is_media_type(text: str) -> bool:
    """Tell whether this is one lower-case media type without parameters: a pattern without a star."""
    return "*" not in text and bool(PATTERN.fullmatch(text))


def allows(patterns: Iterable[str], media_type: str) -> bool:
    """Tell whether one of `patterns` covers a lower-case media type, or another pattern, however spelled."""
    name = one_name(media_type)
    any_subtype = name[: name.find("/") + 1] + "*"
    return not {"*/*", any_subtype, name}.isdisjoint(one_names(patterns))


def one_names(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the one names of lower-case types and patterns, each once.

    A type that systems give to several kinds of file stands for each of these.
    """
    return _one_names(tuple(patterns))


@functools.lru_cache(maxsize=8)  # the settings' list is looked through for each upload
def _one_names(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for pattern in patterns for name in _meant_by(pattern)))


def _meant_by(pattern: str) -> Iterable[str]:
    if pattern in AMBIGUOUS and pattern not in TYPES:
        return [_type_by_extension(extension) for extension in AMBIGUOUS[pattern].split()]
    return [one_name(pattern)]


def one_name(media_type: str) -> str:
    """Return the one name of a lower-case type; a pattern, or a type not known here, stays as it is."""
    if media_type in TYPES or media_type.endswith("/*"):
        return media_type
    return spellings().get(media_type, media_type)


def type_of_file(given: str, name: str) -> str:
    """Return the one name of a file's type; `given` is what the browser says, in lower case, or empty.

    The name decides where the browser says nothing, or a type that systems give to several kinds of file.
    """
    _, dot, ending = name.rpartition(".")
    extension = ending.lower() if dot else ""
    said = one_name(given)
    if not said or extension in AMBIGUOUS.get(said, "").split():
        return _type_by_extension(extension)
    return UNKNOWN if said in AMBIGUOUS and said not in TYPES else said


def _type_by_extension(extension: str) -> str:
    return next((one for one, (extensions, _) in TYPES.items() if extension in extensions.split()), UNKNOWN)


def extension_of(media_type: str) -> str:
    """Return the extension that keys of this type get, empty for unknown types and for those of pages."""
    extensions, _ = TYPES.get(media_type, ("", ""))
    return "" if media_type in PARTS_OF_PAGES else extensions.partition(" ")[0]


@functools.cache
def spellings() -> Mapping[str, str]:
    """Return the one name of each other spelling. Most requests, and most starts, never need it."""
    return {other: one for one, (_, others) in TYPES.items() for other in others.split()}


def is_file_name(text: str) -> bool:
    """Tell whether this names one file of a folder, without control characters and line separators."""
    return text not in {"", ".", ".."} and UNSAFE_IN_NAMES.isdisjoint(text)


def shown_name(name: str) -> str:
    """Return a file's name without characters that disguise it: they show `gnp.exe` as `exe.png`."""
    return name.translate(SHOWN)
