"""Each kind of file has one type, however a browser or a system spells it, and also where it says nothing."""

from __future__ import annotations

import mimetypes
from typing import Any

import pytest

from grants import application
from grants.callers import Caller, Limits
from tests.support.fc_events import Answer, ask, fc_event
from vendored import media_types
from vendored.fc_http import Clock, Handler
from vendored.media_types import (
    AMBIGUOUS,
    DEFAULT_TYPES,
    PARTS_OF_PAGES,
    TYPES,
    allows,
    one_name,
    read_patterns,
)

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
OOXML = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX = f"{OOXML}.wordprocessingml.document", f"{OOXML}.spreadsheetml.sheet"
PPTX = f"{OOXML}.presentationml.presentation"
EXCEL = "application/vnd.ms-excel"
ODF = "application/vnd.oasis.opendocument"

# The name of a file, the type that a browser was reported to give it, its one type, its key's extension.
REPORTED = [
    ("a.zip", "application/x-zip-compressed", "application/zip", "zip"),  # pocketbase/pocketbase#7303
    ("a.zip", "application/x-zip", "application/zip", "zip"),  # jshttp/mime-db#149
    ("a.zip", "application/x-compressed-zip", "application/zip", "zip"),  # adapt-security/adapt-authoring#502
    ("a.zip", "", "application/zip", "zip"),  # ant-design/ant-design#1718
    ("a.gz", "application/x-gzip", "application/gzip", "gz"),  # mdn/content#35211: Windows, macOS
    ("a.tar.gz", "application/x-compressed-tar", "application/gzip", "gz"),  # go-gitea/gitea#5750: Linux
    ("a.rar", "application/x-compressed", "application/vnd.rar", "rar"),  # jshttp/mime-db#346: Windows 11
    ("a.zip", "application/x-compressed", "application/zip", "zip"),
    ("a.tgz", "application/x-compressed", "application/gzip", "gz"),  # Windows' registry
    ("a.rar", "application/x-rar-compressed", "application/vnd.rar", "rar"),  # Uppy's own table
    ("a.rar", "application/x-rar", "application/vnd.rar", "rar"),  # symfony/symfony#4872
    ("a.rar", "", "application/vnd.rar", "rar"),  # tusdotnet/tusdotnet#173
    ("a.7z", "", "application/x-7z-compressed", "7z"),  # froala/wysiwyg-editor#2493: Windows 10
    ("a.csv", "application/vnd.ms-excel", "text/csv", "csv"),  # transloadit/uppy#2757: Windows with Excel
    ("A.CSV", "application/vnd.ms-excel", "text/csv", "csv"),
    ("a.csv", "text/comma-separated-values", "text/csv", "csv"),  # cyph/cordova-plugin-chooser#23: Android
    ("a.csv", "", "text/csv", "csv"),  # codice/ddf#6329: Windows without Excel
    ("a.xls", "application/vnd.ms-excel", "application/vnd.ms-excel", "xls"),
    ("a.xls", "application/msexcel", "application/vnd.ms-excel", "xls"),  # bleenco/ngx-uploader#399
    ("a.docx", "", DOCX, "docx"),  # ElemeFE/element#10813: Windows without Office
    ("a.doc", "", "application/msword", "doc"),
    ("a.docx", "application/wps-office.docx", DOCX, "docx"),  # langgenius/dify#9992: WPS
    ("a.docx", "application/kswps", DOCX, "docx"),  # WPS on Windows
    ("a.pptx", "application/vnd.ms-office", PPTX, "pptx"),  # THU-MAIC/OpenMAIC#1498: Kylin
    ("a.xlsx", "application/haansoftxlsx", XLSX, "xlsx"),  # digital-idea/OpenPipelineIO#1812: Hancom
    ("a.docx", "application/zip", DOCX, "docx"),  # ONLYOFFICE/DesktopEditors#1323
    (
        "a.rtf",
        "application/msword",
        "application/rtf",
        "rtf",
    ),  # zefoy/ngx-dropzone-wrapper#189: Windows with Word
    ("a.rtf", "text/rtf", "application/rtf", "rtf"),  # bcgov/mds#570: macOS
    ("a.odt", "", f"{ODF}.text", "odt"),
    ("a.md", "", "text/markdown", "md"),  # dust-tt/dust#3775
    ("a.md", "text/x-markdown", "text/markdown", "md"),  # Cimbali/markdown-viewer#96
    ("a.msg", "", "application/vnd.ms-outlook", "msg"),  # transloadit/uppy#5698
    ("a.jpg", "image/jpg", "image/jpeg", "jpg"),  # perfectsense/dari#276
    ("a.jpg", "image/pjpeg", "image/jpeg", "jpg"),  # symphonycms/symphonycms#1036: Internet Explorer
    ("a.png", "image/x-png", "image/png", "png"),
    ("a.heic", "", "image/heic", "heic"),
    ("a.heic", "image/heif", "image/heic", "heic"),  # Chromium on Linux
    ("a.log", "text/x-log", "text/plain", "txt"),  # Chromium on Linux
    ("a.wav", "audio/x-wav", "audio/wav", "wav"),  # jshttp/mime-db#22
    ("a.wav", "audio/vnd.wave", "audio/wav", "wav"),  # thelounge/thelounge#3781
    ("a.mp3", "audio/mp3", "audio/mpeg", "mp3"),  # Uppy's own table
    ("a.m4a", "audio/x-m4a", "audio/mp4", "m4a"),  # Chromium's table
    ("a.m4v", "video/x-m4v", "video/mp4", "mp4"),
    ("a.ogg", "video/ogg", "audio/ogg", "ogg"),  # Firefox's table
    ("a.mkv", "video/x-matroska", "video/matroska", "mkv"),
    ("IMG.JPG", "IMAGE/JPG", "image/jpeg", "jpg"),
    ("a.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", f"{EXCEL}.sheet.macroenabled.12", "xlsm"),
    ("a.xlsb", "application/vnd.ms-excel", f"{EXCEL}.sheet.binary.macroenabled.12", "xlsb"),
    ("a.ppsx", f"{OOXML}.presentationml.slideshow", f"{OOXML}.presentationml.slideshow", "ppsx"),
    ("a.vsdx", "", "application/vnd.ms-visio.drawing", "vsdx"),
    ("a.vsd", "application/vnd.ms-office", "application/vnd.visio", "vsd"),
    ("a.tar.xz", "application/x-compressed", "application/x-xz", "xz"),
    ("a.bz2", "application/x-bzip", "application/x-bzip2", "bz2"),
    ("a.wps", "application/kswps", "application/octet-stream", ""),  # WPS's own formats have no type
    ("a.et", "application/wps-office.et", "application/octet-stream", ""),
    ("a", "application/x-compressed", "application/octet-stream", ""),
    ("README", "", "application/octet-stream", ""),
    ("a.dwg", "", "application/octet-stream", ""),
    ("zip", "", "application/octet-stream", ""),
    ("a.zip.", "", "application/octet-stream", ""),
    ("a.docx", "application/octet-stream", "application/octet-stream", ""),  # what was said is kept
    ("a.csv", "text/plain", "text/plain", "txt"),
    ("a.png", "application/x-zip-compressed", "application/zip", "zip"),  # the name decides nothing here
]

# What pages are made of: extensions from Chromium's and Firefox's tables, types from MIME Sniffing.
PAGES = [
    "a.html",
    "a.htm",
    "a.shtml",
    "a.xhtml",
    "a.xht",
    "a.js",
    "a.mjs",
    "a.css",
    "a.xml",
    "a.xsl",
    "a.mht",
]
PAGES += ["a.mhtml", "A.HTML", ".html", "a.png.html", "a\u202egnp.html"]
JAVASCRIPT = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "text/livescript",
]
JAVASCRIPT += [
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.5",
    "text/jscript",
]
JAVASCRIPT += ["text/x-ecmascript", "text/x-javascript"]
ACTIVE = [*JAVASCRIPT, "text/html", "application/xhtml+xml", "text/xml", "application/xml", "text/css"]
ACTIVE += [
    "multipart/related",
    "message/rfc822",
    "application/x-shockwave-flash",
    "application/rss+xml",
    "text/xsl",
]


@pytest.fixture
def defaults(environ: dict[str, str]) -> Handler:
    return build({name: value for name, value in environ.items() if name != "ALLOWED_TYPES"})


def build(environ: dict[str, str]) -> Handler:
    return application.build(environ, Clock(lambda: NOW, lambda: 0.0), bytes)


def asked(handler: Handler, name: str, given: str) -> Answer:
    return ask(handler, fc_event("/", {"name": name, "size": "5", "type": given}))


@pytest.mark.parametrize(("name", "given", "one", "extension"), REPORTED)
def test_what_is_uploaded_at_work_is_granted_under_its_one_type(
    name: str, given: str, one: str, extension: str, defaults: Handler
) -> None:
    answer: Any = asked(defaults, name, given)
    assert answer.status == 200, answer.content
    assert answer.content["fields"]["x-oss-content-type"] == one
    assert answer.content["key"].rpartition("/")[2].partition(".")[2] == extension


@pytest.mark.parametrize("name", PAGES)
def test_what_a_browser_runs_is_refused_also_without_a_type(name: str, defaults: Handler) -> None:
    assert asked(defaults, name, "").code == "type_not_allowed"


def test_a_type_that_is_left_out_is_like_an_empty_one(defaults: Handler) -> None:
    granted = ask(defaults, fc_event("/", {"name": "a.docx", "size": "5"})).content
    assert granted["fields"]["x-oss-content-type"] == DOCX
    assert granted["key"].endswith(".docx")
    assert ask(defaults, fc_event("/", {"name": "a.html", "size": "5"})).code == "type_not_allowed"


@pytest.mark.parametrize("given", ACTIVE)
def test_no_spelling_of_what_a_browser_runs_is_taken_for_something_else(
    given: str, defaults: Handler
) -> None:
    one = one_name(given)
    assert one == given or {one, given} <= {*JAVASCRIPT} or (one, given) == ("text/xml", "application/xml")
    for name in ("a.html", "a.txt", "a.docx", "a.csv", "a"):
        assert asked(defaults, name, given).code == "type_not_allowed"


def test_an_svg_is_a_picture_that_is_downloaded(defaults: Handler) -> None:
    for given in ("", "image/svg+xml", "image/svg"):
        fields = asked(defaults, "a.svg", given).content["fields"]
        assert fields["x-oss-content-type"] == "image/svg+xml"
        assert fields["Content-Disposition"].startswith("attachment;")


def test_a_picture_is_shown_however_its_type_is_spelled(defaults: Handler) -> None:
    for given in ("image/png", "image/x-png", ""):
        fields = asked(defaults, "a.png", given).content["fields"]
        assert fields["Content-Disposition"].startswith("inline;")


@pytest.mark.parametrize("allowed", ["application/zip", "application/x-zip-compressed", "Application/X-ZIP"])
@pytest.mark.parametrize("given", ["application/zip", "application/x-zip-compressed", ""])
def test_any_spelling_allows_any_other(allowed: str, given: str, environ: dict[str, str]) -> None:
    handler = build({**environ, "ALLOWED_TYPES": allowed})
    assert asked(handler, "a.zip", given).status == 200
    assert asked(handler, "a.rar", "application/x-rar").code == "type_not_allowed"


def test_an_unknown_type_is_allowed_only_as_such(environ: dict[str, str]) -> None:
    handler = build({**environ, "ALLOWED_TYPES": "image/*"})
    assert asked(handler, "a.dwg", "").code == "type_not_allowed"
    assert asked(handler, "a.png", "").status == 200


def test_limits_are_shown_by_their_one_names(environ: dict[str, str]) -> None:
    listed = "application/x-zip-compressed, image/JPG,application/zip,image/*,application/x-own"
    limits = ask(build({**environ, "ALLOWED_TYPES": listed}), fc_event("/limits")).content
    assert limits["types"] == ["application/zip", "image/jpeg", "image/*", "application/x-own"]


def test_a_type_of_several_kinds_of_file_allows_each_of_them(environ: dict[str, str]) -> None:
    handler = build({**environ, "ALLOWED_TYPES": "application/x-compressed,application/ogg"})
    assert ask(handler, fc_event("/limits")).content["types"] == [
        "application/zip",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/x-tar",
        "audio/ogg",
        "video/ogg",
    ]
    for name, given in (("a.zip", "application/x-compressed"), ("a.ogg", "application/ogg"), ("a.7z", "")):
        assert asked(handler, name, given).status == 200
    assert asked(handler, "a.docx", "application/zip").code == "type_not_allowed"


def test_a_rule_of_your_own_may_use_any_spelling(defaults: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    spelled = ("application/x-zip-compressed", "audio/x-m4a")
    monkeypatch.setattr(application, "authorize", lambda *_: Caller("alice", Limits(9, spelled)))
    assert asked(defaults, "a.zip", "application/zip").status == 200
    refused = asked(defaults, "a.png", "image/png")
    assert refused.content["detail"] == "Allowed types: application/zip, audio/mp4."
    assert ask(defaults, fc_event("/limits")).content["types"] == ["application/zip", "audio/mp4"]


def test_the_defaults_name_nothing_that_a_browser_runs() -> None:
    named = read_patterns(DEFAULT_TYPES)
    assert ",".join(named) == DEFAULT_TYPES
    assert not {*ACTIVE, "image/svg+xml", "text/*", "application/*", "*/*"} & {*named}


def test_each_extension_is_one_of_the_defaults_or_of_a_page() -> None:
    """Otherwise a file would be refused where the browser does not know its type, and accepted before."""
    named = read_patterns(DEFAULT_TYPES)
    assert [one for one in TYPES if one not in PARTS_OF_PAGES and not allows(named, one)] == []


def test_each_spelling_and_each_extension_is_of_one_type() -> None:
    spelled = [*TYPES, *(other for _, others in TYPES.values() for other in others.split())]
    extensions = [one for listed, _ in TYPES.values() for one in listed.split()]
    assert len(spelled) == len({*spelled})
    assert len(extensions) == len({*extensions})
    assert all(map(media_types.is_media_type, [*spelled, *AMBIGUOUS]))
    assert all(one_name(one) in TYPES for one in spelled)


def test_a_type_that_is_said_of_several_kinds_leaves_it_to_names_that_are_known() -> None:
    extensions = {one for listed, _ in TYPES.values() for one in listed.split()}
    pages = {one for page in PARTS_OF_PAGES for one in TYPES[page][0].split()}
    for said, listed in AMBIGUOUS.items():
        assert one_name(said) == said
        assert {*listed.split()} <= extensions - pages


def test_pythons_own_table_knows_the_same_types() -> None:
    """Pythons know `opus`, `3gp` and web archives by another type than browsers do, or by none."""
    table = mimetypes.MimeTypes()
    guessed = {one: table.guess_type(f"a.{one}") for listed, _ in TYPES.values() for one in listed.split()}
    others = {
        extension
        for extension, (kind, encoding) in guessed.items()
        if kind and not encoding and one_name(kind) != media_types.type_of_file("", f"a.{extension}")
    }
    assert others <= {"opus", "3gp", "3gpp", "mht", "mhtml"}
