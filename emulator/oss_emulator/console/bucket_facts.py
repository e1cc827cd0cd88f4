"""The facts about a bucket on the page at `/-/`: addresses, rights, configuration; never a secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oss_emulator.auth.credentials import Credential
from oss_emulator.bucket.cors import CorsRule
from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.website.rules import Website


@dataclass(frozen=True)
class Fact:
    """One fact, named in both languages; `links` are texts with their addresses; `wide` takes a whole row."""

    name: str
    chinese: str
    values: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()
    wide: bool = False


def bucket_facts(bucket: Site, origin: str, *, alone: bool) -> Iterator[Fact]:
    """Yield the facts about a bucket that clients reach at `origin`, where it may be `alone`."""
    settings = bucket.settings
    if isinstance(bucket, Bucket) and not bucket.buckets.find(settings.bucket):
        yield Fact("Bucket", "Bucket", ["does not exist"])
    own = [f"{origin}/"] if alone else []
    yield Fact("Address", "地址", [*own, f"{origin}/{settings.bucket}/"], wide=True)
    yield Fact("Region", "地域", [settings.region])
    if isinstance(bucket, Bucket):
        yield from _rights(bucket)
        yield from _callbacks(bucket)
        yield Fact("Versioning", "版本控制", [bucket.versioning or "never set"])
        yield Fact("Website", "静态网站", _website(bucket.configuration.website))
    else:
        yield Fact("Folders it serves", "网站文件夹", [str(folder) for folder in settings.website], wide=True)
    pages = [(name, f"{address.rstrip('/')}/-/") for name, address in settings.neighbours.items()]
    if pages:
        yield Fact("Buckets at other ports", "其他端口的 Bucket", links=pages)
    yield Fact("CORS rules", "跨域规则", [_rule(rule) for rule in bucket.cors.rules], wide=True)


def _rights(bucket: Bucket) -> Iterator[Fact]:
    settings = bucket.settings
    domain = "its own: HTML is downloaded" if settings.own_domain else "custom: HTML is shown"
    yield Fact("Domain", "域名", [domain])
    yield Fact("ACL", "读写权限", [bucket.acl])
    yield Fact("Block Public Access", "阻止公共访问", ["on" if settings.block_public_access else "off"])
    yield Fact("V1 signatures", "V1 签名", ["accepted" if settings.v1_signatures else "refused"])
    keys = [_key(key, bucket.now()) for key in settings.credentials]
    yield Fact("Access key ids", "AccessKey ID", keys)


def _callbacks(bucket: Bucket) -> Iterator[Fact]:
    settings = bucket.settings
    yield Fact("Callback limit", "回调时限", [f"{settings.callback_seconds:g} s"])
    private = "allowed" if settings.private_callbacks else "refused"
    yield Fact("Callbacks to private addresses", "允许回调内网地址", [private])
    key = "/-/callback_pub_key.pem"
    yield Fact("Public key of callbacks", "回调公钥", links=[(key, key)])


def _key(key: Credential, now: float) -> str:
    if key.expires is not None and key.expires <= now:
        return f"{key.access_key_id} (expired)"
    return f"{key.access_key_id} (temporary)" if key.security_token else key.access_key_id


def _website(website: Website | None) -> Sequence[str]:
    if website is None:
        return ()
    index = f"index {website.index or 'none'}{', also of folders' if website.sub_directories else ''}"
    error = (
        f"error page {website.error_key} ({website.error_status})" if website.error_key else "no error page"
    )
    return [f"{index}; {error}"]


def _rule(rule: CorsRule) -> str:
    parts = (
        " ".join(rule.origins),
        " ".join(rule.methods),
        f"headers {' '.join(rule.headers) or 'none'}",
        f"exposed {' '.join(rule.exposed) or 'none'}",
        "" if rule.max_age_seconds is None else f"kept {rule.max_age_seconds} s",
    )
    return " · ".join(filter(None, parts))
