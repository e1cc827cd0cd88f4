"""Forced downloads: at the domain that OSS gave a bucket, browsers download pages and pictures, and no apps.

Source: EC 0048-00000001, and the table "forced download rules" of OSS's page on previews: types, and for
pictures an EC by region. The table's dates are past, so every bucket of the emulator counts as new. The rule
for accounts first used after 2022-10-09, where every type is downloaded (EC 0048-00000113), is not emulated.
A request with an Authorization header comes from an SDK and not from a browser, and is not changed (Alibaba's
diagnosis of EC 0048-00000001: "direct API/SDK access is not affected"); captures of `curl -I` show the
headers with HEAD too. That XML has no EC (the table has none) is unconfirmed. Apps for phones are refused:
page on ApkDownloadForbidden; a capture of 2024 for its headers and words; its EC is not known.
"""

from collections.abc import Generator, Mapping

from oss_emulator.errors import OssError
from oss_emulator.http_messages import Answer

HTML = "0048-00000001"

_APP_TYPES = frozenset({"application/vnd.android.package-archive", "application/iphone"})
_KEPT_WITH_A_REFUSAL = frozenset({"Accept-Ranges", "ETag", "Last-Modified"})
_IMAGE_TYPES = frozenset(
    f"image/{name}"
    for name in (
        "bmp",
        "exr",
        "gif",
        "heic",
        "jpeg",
        "png",
        "svg+xml",
        "tiff",
        "webp",
        "x-cmu-raster",
        "x-icon",
        "x-ms-bmp",
    )
)
_IMAGE_ECS: Mapping[str, str] = {
    "cn-huhehaote": "0048-00000100",
    "cn-qingdao": "0048-00000101",
    "cn-chengdu": "0048-00000101",
    "cn-zhangjiakou": "0048-00000102",
    "cn-shanghai": "0048-00000103",
    "cn-shenzhen": "0048-00000103",
    "cn-beijing": "0048-00000104",
    "cn-hangzhou": "0048-00000105",
    "cn-wulanchabu": "0048-00000114",
    "cn-heyuan": "0048-00000114",
    "cn-guangzhou": "0048-00000114",
    "cn-nanjing": "0048-00000114",
}


def force_download(answer: Answer, key: str, region: str) -> Answer:
    """Return `answer`, which has the content of `key`, with forced-download headers if they apply.

    Raises OssError for an app.
    """
    told = answer.headers.get("Content-Type", "")
    if key.lower().endswith((".apk", ".ipa")) or told in _APP_TYPES:
        raise _app_forbidden(answer)
    content_type = told.partition(";")[0].strip().lower()
    ec = _ec(key.lower(), content_type, region)
    if ec is None:
        return answer
    disposition = answer.headers.get("Content-Disposition", "")
    # The object's own `inline` is replaced; an `attachment` with a file name is kept.
    kept = disposition if disposition.lower().startswith("attachment") else "attachment"
    forced = {"Content-Disposition": kept, "x-oss-force-download": "true", **({"x-oss-ec": ec} if ec else {})}
    return Answer(answer.status, {**answer.headers, **forced}, answer.body)


def _app_forbidden(answer: Answer) -> OssError:
    """400 for an app, with the object's headers."""
    if isinstance(answer.body, Generator):  # it closes the file, but only if it has begun
        next(answer.body, None)
        answer.body.close()
    message = (
        "The APK file is not allowed to be distributed in a public network using the OSS endpoint, "
        "please use CNAME instead."
    )
    error = OssError(400, "ApkDownloadForbidden", message)
    error.headers = {
        name: value
        for name, value in answer.headers.items()
        if name in _KEPT_WITH_A_REFUSAL or name.startswith("x-oss-")
    }
    return error


def _ec(key: str, content_type: str, region: str) -> str | None:
    if key.endswith((".htm", ".html")) or content_type == "text/html":
        return HTML
    if content_type in _IMAGE_TYPES:
        return _IMAGE_ECS.get(region)
    if key.endswith(".xml") or content_type in {"application/xml", "text/xml"}:
        return ""
    return None
