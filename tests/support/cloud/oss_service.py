"""OSS as far as a deploy asks it: buckets, their objects, CORS rules and Block Public Access."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.cloud.state import REGION, Refused, State

XML = '<?xml version="1.0" encoding="UTF-8"?>'


class Found(NamedTuple):
    status: int = 200
    body: str | bytes = b""
    etag: str = ""


def bucket_and_key(target: str) -> tuple[str, str]:
    bucket, _, key = unquote(urlsplit(target).path).lstrip("/").partition("/")
    return bucket, key


def answer(state: State, method: str, target: str, headers: dict[str, str], body: bytes) -> Found:
    bucket, key = bucket_and_key(target)
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    if bucket in state.foreign:
        raise Refused(403, "AccessDenied", "The bucket you access does not belong to you.")
    if method == "PUT" and not key and not query:
        state.writes.append(f"bucket {bucket}")
        state.buckets.setdefault(bucket, {})
        return Found()
    if bucket not in state.buckets:
        raise Refused(404, "NoSuchBucket", "The specified bucket does not exist.")
    if key:
        return of_object(state, method, bucket, key, headers, body)
    return of_bucket(state, method, bucket, query, body)


def of_bucket(state: State, method: str, bucket: str, query: dict[str, list[str]], body: bytes) -> Found:
    held = state.buckets[bucket]
    if method == "DELETE":
        if held:
            raise Refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
        state.writes.append(f"delete bucket {bucket}")
        del state.buckets[bucket]
        return Found(204)
    if "publicAccessBlock" in query:
        state.closed.add(bucket)
        return Found()
    if "delete" in query:
        for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
            state.writes.append(f"delete {key}")
            held.pop(key, None)
        return Found(body=f"{XML}<DeleteResult></DeleteResult>")
    if "list-type" in query:
        rows = "".join(
            f"<Contents><Key>{key}</Key><ETag>&quot;{tag(content)}&quot;</ETag></Contents>"
            for key, (content, _) in held.items()
            if key.startswith(query.get("prefix", [""])[0])
        )
        return Found(body=f"{XML}<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>")
    return configuration(state, bucket, query)


def configuration(state: State, bucket: str, query: dict[str, list[str]]) -> Found:
    if "bucketInfo" in query:
        region = "us-west-1" if bucket in state.elsewhere else REGION
        told = f"<Name>{bucket}</Name><Location>oss-{region}</Location>"
        return Found(body=f"{XML}<BucketInfo><Bucket>{told}</Bucket></BucketInfo>")
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
    return Found(body=held[key][0], etag=tag(held[key][0]))


def tag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def error_document(refused: Refused) -> str:
    return (
        f"{XML}<Error><Code>{refused.code}</Code><Message>{refused.message}</Message>"
        "<RequestId>R</RequestId><EC>0000</EC></Error>"
    )
