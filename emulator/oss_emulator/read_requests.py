"""GET and HEAD of a key, of the bucket or of the service: which rules apply, and in which order.

The rules themselves are in `objects.reading`, `objects.listing` and `website`.
"""

from oss_emulator.auth.request_signature import is_signed
from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.bucket_requests import head_bucket, list_buckets
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.listing import list_objects
from oss_emulator.objects.reading import read_object
from oss_emulator.website.files import SITE, read_file
from oss_emulator.website.forced_download import force_download
from oss_emulator.website.rules import shown_key, website_answer


def read_answer(request: Request, bucket: Site, key: str) -> Answer:
    """Answer GET or HEAD of `key`, empty for the root. Raises OssError.

    A signed request gets the listing of the root (OSS: PutBucketWebsite page), and of a website the index of
    a directory (GetBucketWebsite page, oss2's live test), but neither redirect nor error page (inferred).
    """

    def read(wanted: Request, shown: str) -> Answer:
        if isinstance(bucket, Bucket):
            answer = read_object(wanted, bucket, shown, signed_key=key)
        else:
            answer = read_file(bucket.settings.website, wanted, shown)
        forced = bucket.settings.own_domain and "authorization" not in wanted.headers
        return force_download(answer, shown, bucket.settings.region) if forced else answer

    website = bucket.configuration.website if isinstance(bucket, Bucket) else SITE
    if website and not is_signed(request) and (key or website.index):
        return website_answer(website, request, key, read)
    if key or not isinstance(bucket, Bucket):
        return read(request, shown_key(website, key) if website and key.endswith("/") else key)
    if not bucket.settings.bucket:
        return list_buckets(request, bucket)
    return head_bucket(request, bucket) if request.method == "HEAD" else list_objects(request, bucket)
