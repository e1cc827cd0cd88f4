"""OSS as far as a deploy asks it: buckets, their objects, CORS rules and Block Public Access."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.cloud.state import ACCOUNT, INTERNAL, OTHER_ACCOUNT, SUFFIX, Refused, State

XML = '<?xml version="1.0" encoding="UTF-8"?>'
MAX_KEYS_PER_DELETE = 1000  # OSS: DeleteMultipleObjects
# OSS: error 409 BucketAlreadyExists, also to an account that a policy of the bucket's owner allows everything
NAME_TAKEN = "The requested bucket name is not available."
# captured in 2026 at cn-guangzhou, with EC 0048-00000401; OSS's documents have the code
PUBLIC_FORBIDDEN = "Not allowed using the OSS public endpoint, please use CNAME instead."
# OSS: CreateCnameToken, and the FAQ on this error
TOKEN = "be1d49d863dea9ffeff3df7d6455cf9a"
EXPIRES = "Wed, 23 Feb 2022 21:16:37 GMT"
UNVERIFIED = "Please verify domain ownership by CreateCnameToken and try again."
LARGEST_CORS = 10  # rules; OSS: PutBucketCors
SPECIFIED_ENDPOINT = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)
RULES = {"cors": "CORSRule", "lifecycle": "Rule"}
ROOTS = {"cors": "CORSConfiguration", "lifecycle": "LifecycleConfiguration"}
MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema."
KEYS_PER_PAGE = 100  # OSS: ListObjectsV2, unless max-keys asks for another number


class Found(NamedTuple):
    status: int = 200
    body: str | bytes = b""
    etag: str = ""
    headers: Mapping[str, str] = {}  # of the object: its type and caching


def bucket_and_key(host: str, target: str) -> tuple[str, str]:
    """Return which bucket and object are asked for: the bucket is in the host, or first in the path."""
    path = unquote(urlsplit(target).path).lstrip("/")
    for suffix in (SUFFIX, INTERNAL):
        if host.endswith(f".{suffix}"):
            return host.removesuffix(f".{suffix}"), path
    bucket, _, key = path.partition("/")
    return bucket, key


def refuse_public_endpoint(state: State, host: str, resource: tuple[str, str], target: str) -> None:
    """Refuse to a new account what is not about a bucket itself: objects, and lists of them."""
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    about_objects = bool(resource[1]) or not {"list-type", "delete"}.isdisjoint(query)
    if state.new_account and about_objects and not host.endswith(INTERNAL):
        raise Refused(400, "PublicEndpointForbidden", PUBLIC_FORBIDDEN)


def answer(
    state: State, method: str, resource: tuple[str, str], target: str, headers: dict[str, str], body: bytes
) -> Found:
    bucket, key = resource
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    if not bucket:
        blocked = str(state.blocks_public_access).lower()
        document = f"<BlockPublicAccess>{blocked}</BlockPublicAccess>"
        return Found(body=f"{XML}<PublicAccessBlockConfiguration>{document}</PublicAccessBlockConfiguration>")
    making = method == "PUT" and not key and not query
    if bucket in state.at_their_endpoint:
        # recorded: 403 with Endpoint and Bucket; terraform-provider-alicloud 9735 has it of GetBucketInfo
        raise Refused(403, "AccessDenied", SPECIFIED_ENDPOINT, "oss-us-west-1.aliyuncs.com")
    if bucket in state.foreign and making:
        raise Refused(409, "BucketAlreadyExists", NAME_TAKEN)
    if bucket in state.foreign and bucket not in state.buckets:
        raise Refused(403, "AccessDenied", "The bucket you access does not belong to you.")
    if making:
        state.writes.append(f"bucket {bucket}")
        state.make_bucket(bucket)
        state.acls[bucket] = headers.get("x-oss-acl", "")
        return Found()
    if bucket not in state.buckets:
        raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
    if key:
        return of_object(state, method, bucket, key, headers, body)
    if not state.refused_settings.get(bucket, set()).isdisjoint(query):
        raise Refused(403, "AccessDenied", "You have no right to access this object because of bucket acl.")
    if not ROOTS.keys().isdisjoint(query):
        check_form(method, query, headers, body)
    return of_bucket(state, method, bucket, query, body)


def of_bucket(state: State, method: str, bucket: str, query: dict[str, list[str]], body: bytes) -> Found:
    held = state.buckets[bucket]
    if found := of_setting(state, method, bucket, query, body.decode()):
        return found
    if method == "DELETE":
        if held:
            raise Refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
        state.writes.append(f"delete bucket {bucket}")
        del state.buckets[bucket]
        return Found(204)
    if "delete" in query:
        keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
        if not 0 < len(keys) <= MAX_KEYS_PER_DELETE:
            raise Refused(400, "MalformedXML", MALFORMED)
        for key in keys:
            state.writes.append(f"delete {key}")
            held.pop(key, None)
        return Found(body=f"{XML}<DeleteResult></DeleteResult>")
    if {"bucketInfo", *ROOTS}.isdisjoint(query):  # to OSS, a name that it does not know asks for nothing
        return page_of_keys(held, query)
    return configuration(state, bucket, query)


def of_setting(
    state: State, method: str, bucket: str, query: dict[str, list[str]], body: str
) -> Found | None:
    """Change a setting of a bucket, or tell its domains; None for any other request."""
    if "policy" in query:
        return of_policy(state, method, bucket, body)
    if "cname" in query:
        return of_domains(state, bucket, query.get("comp", [""])[0], body)
    if "publicAccessBlock" in query:
        blocked = ET.fromstring(body).findtext("BlockPublicAccess")
        if blocked not in {"true", "false"}:
            raise Refused(400, "MalformedXML", MALFORMED)
        change = state.public_access_blocked.add if blocked == "true" else state.public_access_blocked.discard
        change(bucket)
        return Found()
    if method in {"PUT", "DELETE"} and not ROOTS.keys().isdisjoint(query):
        name = "cors" if "cors" in query else "lifecycle"
        return set_rules(state, bucket, name, body) if method == "PUT" else delete_rules(state, bucket, name)
    return None


def set_rules(state: State, bucket: str, name: str, document: str) -> Found:
    """Store rules in the place of the present ones. Sources: PutBucketCors, PutBucketLifecycle."""
    root = ET.fromstring(document)
    if root.tag != ROOTS[name]:
        raise Refused(400, "MalformedXML", MALFORMED)
    if len(root.findall("CORSRule")) > LARGEST_CORS:
        raise Refused(400, "InvalidRequest", "The number of CORS rules exceeds the limit.")
    if not root.findall(RULES[name]):
        raise Refused(400, "MalformedXML", MALFORMED)
    for nth, rule in enumerate(root.findall("Rule")):
        if rule.find("ID") is None:
            ET.SubElement(rule, "ID").text = f"generated-{nth}"  # OSS: PutBucketLifecycle
    state.writes.append(f"{name} of {bucket}")
    getattr(state, name)[bucket] = "".join(ET.tostring(element, encoding="unicode") for element in root)
    return Found()


def delete_rules(state: State, bucket: str, name: str) -> Found:
    """Delete all rules. Sources: DeleteBucketCors, DeleteBucketLifecycle; both are 204 without rules too."""
    state.writes.append(f"no {name} of {bucket}")
    getattr(state, name).pop(bucket, None)
    return Found(204)


def refuse_overlap(headers: dict[str, str], document: bytes) -> None:
    """Refuse two rules with the same action for prefixes that overlap. Source: EC 0014-00000084."""
    if headers.get("x-oss-allow-same-action-overlap") == "true":
        return
    rules = ET.fromstring(document).findall("Rule")
    for action in ("AbortMultipartUpload", "Expiration"):
        prefixes = [rule.findtext("Prefix") or "" for rule in rules if rule.find(action) is not None]
        if any(one.startswith(other) for one, other in itertools.permutations(prefixes, 2)):
            raise Refused(400, "InvalidRequest", "Overlap for same action type.")


def of_policy(state: State, method: str, bucket: str, policy: str) -> Found:
    """Store or delete a policy. Source of the refusal: reports of deploys to new buckets since 2025-10."""
    if method == "DELETE":
        state.policies.pop(bucket, None)
        return Found(204)
    if state.blocks_public_access or bucket in state.public_access_blocked:
        raise Refused(403, "AccessDenied", "Put public bucket policy is not allowed")
    state.policies[bucket] = policy
    return Found()


def of_domains(state: State, bucket: str, action: str, body: str) -> Found:
    """List, verify, bind or unbind domains. Sources: ListCname, CreateCnameToken, PutCname, DeleteCname."""
    bound = state.domains.setdefault(bucket, {})
    if not action:
        found = "".join(f"<Cname><Domain>{name}</Domain>{shown(of)}</Cname>" for name, of in bound.items())
        return Found(body=f"{XML}<ListCnameResult><Bucket>{bucket}</Bucket>{found}</ListCnameResult>")
    sent = ET.fromstring(body)
    domain = sent.findtext("Cname/Domain") or ""
    if not domain:
        raise Refused(400, "MalformedXML", MALFORMED)
    if action == "token":
        token = f"<Token>{TOKEN}</Token><ExpireTime>{EXPIRES}</ExpireTime>"
        return Found(
            body=f"{XML}<CnameToken><Bucket>{bucket}</Bucket><Cname>{domain}</Cname>{token}</CnameToken>"
        )
    if action == "delete":  # of one that is not bound too
        state.writes.append(f"unbind {domain}")
        bound.pop(domain, None)
        return Found()
    if domain in state.refused_domains:
        status, code = state.refused_domains[domain]
        raise Refused(status, code, f"{code} of {domain}.")
    if any(domain in others for other, others in state.domains.items() if other != bucket):
        raise Refused(409, "CnameAlreadyExists", "The cname already exists.")
    if domain not in state.records and domain not in bound:
        raise Refused(403, "NeedVerifyDomainOwnership", UNVERIFIED)
    given = sent.find("Cname/CertificateConfiguration")
    if given is not None and given.findtext("Force") != "true":
        raise Refused(
            400, "InvalidArgument", "The previous certificate's id does not match."
        )  # EC 0018-00000209
    state.writes.append(f"bind {domain}")
    bound[domain] = certificate_in(given) if given is not None else bound.get(domain, "")
    return Found()


def certificate_in(given: ET.Element) -> str:
    """Return a certificate's id, or the fingerprint of one in PEM as OSS writes it."""
    pem = given.findtext("Certificate")
    if pem is None:
        return given.findtext("CertId") or ""
    if given.findtext("PrivateKey") is None:
        raise Refused(400, "InvalidArgument", "The private key is missing.")
    return (
        hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem.strip()), usedforsecurity=False).digest().hex(":").upper()
    )


def shown(certificate: str) -> str:
    """Return a certificate as ListCname has it: one in PEM gets an id too."""
    if not certificate:
        return ""
    if ":" not in certificate:
        return f"<Certificate><Type>CAS</Type><CertId>{certificate}</CertId></Certificate>"
    number = f"<CertId>1-cn-hangzhou</CertId><Fingerprint>{certificate}</Fingerprint>"
    return f"<Certificate><Type>CAS</Type>{number}</Certificate>"


def page_of_keys(held: dict[str, tuple[bytes, dict[str, str]]], query: dict[str, list[str]]) -> Found:
    """Return one page of a bucket's list; its continuation token is the last key of the page."""
    prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
    keys = sorted(key for key in held if key.startswith(prefix) and key > after)
    page = keys[: int(query.get("max-keys", [str(KEYS_PER_PAGE)])[0])]
    rows = "".join(
        f"<Contents><Key>{key}</Key><ETag>&quot;{tag(held[key][0])}&quot;</ETag></Contents>" for key in page
    )
    more = page != keys
    end = f"<NextContinuationToken>{page[-1]}</NextContinuationToken>" if more else ""
    truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>{end}"
    return Found(body=f"{XML}<ListBucketResult>{truncated}{rows}</ListBucketResult>")


def configuration(state: State, bucket: str, query: dict[str, list[str]]) -> Found:
    if "bucketInfo" in query:
        region = "us-west-1" if bucket in state.elsewhere else state.region
        info = f"<Name>{bucket}</Name><Location>oss-{region}</Location>"
        if bucket not in state.without_owner:
            owner = OTHER_ACCOUNT if bucket in state.foreign else ACCOUNT
            info += f"<Owner><ID>{owner}</ID><DisplayName>{owner}</DisplayName></Owner>"
        return Found(body=f"{XML}<BucketInfo><Bucket>{info}</Bucket></BucketInfo>")
    if "lifecycle" in query:
        if bucket not in state.lifecycle:
            raise Refused(404, "NoSuchLifecycle", "No Row found in Lifecycle Table.")
        return Found(body=f"{XML}<LifecycleConfiguration>{state.lifecycle[bucket]}</LifecycleConfiguration>")
    if bucket not in state.cors:
        raise Refused(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist.")
    return Found(body=f"{XML}<CORSConfiguration>{state.cors[bucket]}</CORSConfiguration>")


def of_object(
    state: State, method: str, bucket: str, key: str, headers: dict[str, str], body: bytes
) -> Found:
    held = state.buckets[bucket]
    if method == "PUT":
        state.writes.append(f"put {key}")
        held[key] = (body, headers)
        return Found(etag=tag(body))
    if key not in held:
        raise Refused(404, "NoSuchKey", "The specified key does not exist.")
    content, sent = held[key]
    kept = {name: sent[name.lower()] for name in ("Content-Type", "Cache-Control") if name.lower() in sent}
    return Found(body=content, etag=tag(content), headers=kept)


def check_form(method: str, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> None:
    """Refuse what does not ask for rules, or send them, in the form that OSS's SDKs use."""
    as_xml = headers.get("content-type") == "application/xml"
    if [*query.values()] != [[""]] or not as_xml or (method == "GET" and body):
        raise Refused(400, "InvalidArgument", "The request is not of the form of OSS's SDKs.")
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    if method == "PUT" and headers.get("content-md5") != digest:
        raise Refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
    if method == "PUT" and "lifecycle" in query:
        refuse_overlap(headers, body)


def tag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def error_document(refused: Refused) -> str:
    endpoint = f"<Endpoint>{refused.endpoint}</Endpoint>" if refused.endpoint else ""
    return (
        f"{XML}<Error><Code>{refused.code}</Code><Message>{refused.message}</Message>"
        f"<RequestId>R</RequestId><EC>0000</EC>{endpoint}</Error>"
    )
