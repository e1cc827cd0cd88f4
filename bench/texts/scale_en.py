"""The English words of docs/scale.md."""

from collections.abc import Mapping, Sequence

INTRODUCTION = """# Scale

How many uploads a second one deployment carries, what breaks first when there are more, and how to shard. `make bench`
writes this page: the times are those of [Benchmarks](benchmarks.md#cost-on-function-compute), divided by each function's
share of a processor; the limits are those that Alibaba Cloud publishes. Nothing here was measured on the cloud. Try it with
your own load before you depend on it.

## What one deployment carries

An instance answers one call at a time. So instances = calls per second × seconds of a call, and some more, because calls
arrive at random: with Erlang's B formula, so many that at most {share} of the calls find all of them busy. A call that
finds none is refused with 429 and sent again: a page asks for its grant again, and after a callback that was refused it
asks `/confirm`.

"""
CARRIED_HEAD: Sequence[str] = ("", "milliseconds of a call", "most instances (default)", "calls per second")
WAITING = """
Of the callback's milliseconds, {wait} are assumed: the wait for OSS's answer to the HEAD. If a hook or `WEBHOOK_URL` asks
your backend, add its answer's time: with 100 ms more, a call takes {callback:.0f} + 100 ms. A multipart upload holds a token
instance while OSS assembles it and calls back, and costs a call for every twenty parts more.

"""
DEMAND = """## At 10, 1,000 and 100,000 uploads a second

Files of 1 MB, all sent as forms.

"""
FIELDS: Mapping[str, str] = {
    "token_instances": "token instances",
    "callback_instances": "callback instances",
    "oss_requests": "requests to OSS per second",
    "gigabits": "Gbit/s into OSS",
    "sequential_keys": "prefixes so that none has over 2,000 requests a second",
    "buckets": "buckets so that none has over 1,000 uploads a second",
    "accounts": "accounts or raised quotas of 10,000 requests a second and 10 Gbit/s",
}
COST = "CNY per million uploads: Function Compute + requests to OSS"
LIMITS = """
The limits, and how sure they are:

| limit | value | source |
| --- | --- | --- |
| requests of an account to OSS in a region | 10,000 a second; may be raised | OSS, "Limits and performance metrics" |
| requests to keys with a sequential prefix | 2,000 a second | OSS, "Performance best practices" |
| uploads that forbid overwriting | above about 1,000 a second in a bucket they become slow; ask Alibaba Cloud first | OSS, "PutObject" |
| upload bandwidth of an account in a region | 10 Gbit/s in most mainland regions, 20 in some, 5 elsewhere | OSS, "Limits and performance metrics" |
| instances of an account in a region | 300 at once by default; may be raised | Function Compute, "Quotas" |
| calls at once in an instance | 1 in Python runtimes | Function Compute, "Instance concurrency" |

All are documented; none was tried.

"""
BREAKS = """## What breaks first

- **10 uploads a second:** nothing. The default caps carry it many times over. Few calls find a warm instance only where
  hours pass without any.
- **1,000 uploads a second:** first the cap of the callback function: with the default it completes {per_second:,} uploads a
  second, but only {asked:,} if each asks a backend that takes 100 ms. Raise `CALLBACK_CONCURRENCY`: all 300 instances of a
  region complete {largest:,} a second, or {largest_asked:,} with such a backend. Next, both limits of OSS are near: about 1,000 uploads a second that forbid
  overwriting, and 2,000 requests a second to sequential keys. The keys of users who sign in begin with the user, which
  spreads them; those of anonymous uploads begin with the day, and do not.
- **100,000 uploads a second:** everything above, ten times and more. One region's account carries neither the requests nor
  the bandwidth nor the instances: talk to Alibaba Cloud, and shard.

"""
SHARDING = """## How to shard

- **By prefix:** keys begin with `UPLOAD_PREFIX` and the subject that `authorize.py` returns. Have it return a few characters
  of a hash as the subject of anonymous uploads: OSS then spreads them over its partitions. `UPLOAD_PREFIX` also separates
  deployments that share a bucket.
- **By bucket:** one deployment per bucket, each with its own functions, caps and secret. Your server, or a hash of the user
  in the page, chooses the `tokenUrl`; nothing else is shared, because a ticket is valid for its own deployment only. This
  takes the limit of uploads that forbid overwriting per bucket, not that of the account.
- **By region:** the same with `REGION=`: the account's limits of requests, bandwidth and instances count for each region.
  Users in other places gain shorter ways.
- **By account:** when a region's quotas cannot be raised further.

The webhook's `data.id` is unique over all shards: 80 of its bits are random in each millisecond.

"""
SIMULATION = """## The arithmetic, simulated

A simulation lets calls arrive at random with a fixed seed, starts instances cold, keeps idle ones for a minute, and refuses
what finds the cap busy. It counts after the first seconds, in which all instances start cold. Beside it, the share that the
formula gives:

{rows}"""
SIMULATED_HEAD: Sequence[str] = ("", "calls per second", "busy instances", "refused", "by the formula")
