"""Addresses where a page can read the file that it has just uploaded: presigned by the role, for a while.

Pure: it signs, and asks nobody. Never lives here: who may read the file later. Your backend decides that.

Sources: Alibaba Cloud OSS, "Add signatures to URLs" (V4), "GetObject" (response-content-disposition),
"Image processing" (formats, the largest image), EC 0017-00000902 (no address can replace the type).
"""

from collections.abc import Mapping

from completion.object_proof import Upload
from completion.settings import Settings
from vendored.env import Credentials
from vendored.media_types import INLINE_TYPES
from vendored.oss_signing import Signer, uri_encode

IMAGE_TYPES = frozenset(
    f"image/{kind}" for kind in ("jpeg", "png", "bmp", "gif", "webp", "tiff", "heic", "avif")
)
MAX_IMAGE_BYTES = 20 * 10**6


def read_addresses(
    upload: Upload, settings: Settings, role: Credentials, now: float
) -> dict[str, str | dict[str, str]]:
    """Return `url` and, of an image that OSS can process, `images`, as docs/http-api.md describes them.

    `now` is in epoch seconds. OSS serves the stored type, which the grant fixed; the disposition is signed
    here, so that a browser shows only what runs nothing.
    """
    signer = Signer(settings.upload_bucket, settings.oss_region, role, now)

    def address(query: Mapping[str, str]) -> str:
        target = signer.presigned_target("GET", upload.key, query, {}, settings.read_seconds)
        return settings.upload_host + target

    url = address({"response-content-disposition": disposition_of(upload)})
    images = {
        name: address({"x-oss-process": style})
        for name, style in settings.image_styles.items()
        if upload.type in IMAGE_TYPES and upload.size <= MAX_IMAGE_BYTES
    }
    return {"url": url, **({"images": images} if images else {})}


def disposition_of(upload: Upload) -> str:
    """Return the Content-Disposition that a browser gets: the file's name, and whether it is shown."""
    kind = "inline" if upload.type in INLINE_TYPES else "attachment"
    return f"{kind}; filename*=UTF-8''{uri_encode(upload.name)}" if upload.name else kind
