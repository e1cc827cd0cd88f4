"""What a deployment carries: instances from arrivals and times, and a simulation that checks them. Pure.

Sources: Alibaba Cloud, "OSS: Limits and performance metrics" and "OSS performance best practices" (requests
per second of an account, of sequential keys, upload bandwidth); "PutObject" (x-oss-forbid-overwrite above
1,000 requests a second); "Function Compute: quotas" (instances of a region); "OSS pricing" (requests).
"""

from __future__ import annotations

import heapq
import math
import random
from typing import NamedTuple

RATES = (10, 1_000, 100_000)  # uploads per second
REFUSED_SHARE = 0.001  # of the calls, at most
HEAD_WAIT_MILLISECONDS = 20  # assumed: a HEAD inside a region, for which the callback function waits
TOKEN_CAP, CALLBACK_CAP = 20, 50  # as in template.yml
REGION_INSTANCES = 300
OSS_REQUESTS = 2  # of an upload: PostObject and HEAD
SEQUENTIAL_PER_SECOND = 2_000
ACCOUNT_PER_SECOND = 10_000
FORBID_OVERWRITE_PER_SECOND = 1_000
ACCOUNT_GIGABITS = 10  # per second, of uploads, in most mainland regions
FILE_MEGABYTES = 1  # of the table
CNY_PER_10_000_REQUESTS = 0.01  # of OSS, Standard, mainland
IDLE_SECONDS = 60  # how long the simulation keeps an instance without a call


def refused_share(busy: float, cap: int) -> float:
    """Return the share of calls that find all instances busy: Erlang's B formula, for `busy` erlangs."""
    share = 1.0
    for instances in range(1, cap + 1):
        share = busy * share / (instances + busy * share)
    return share


def instances_for(rate: float, milliseconds: float) -> int:
    """Return how many instances refuse at most `REFUSED_SHARE` of the calls."""
    busy, share, instances = rate * milliseconds / 1000, 1.0, 0
    while share > REFUSED_SHARE:
        instances += 1
        share = busy * share / (instances + busy * share)
    return instances


def most_per_second(cap: int, milliseconds: float) -> int:
    """Return the most calls per second of which so many instances refuse at most `REFUSED_SHARE`."""
    low, high = 0.0, cap * 1000 / milliseconds
    for _ in range(40):
        middle = (low + high) / 2
        if refused_share(middle * milliseconds / 1000, cap) > REFUSED_SHARE:
            high = middle
        else:
            low = middle
    return int(low)


def oss_cny_per_million() -> float:
    """Return the cost of OSS's requests for a million uploads."""
    return OSS_REQUESTS * 1_000_000 / 10_000 * CNY_PER_10_000_REQUESTS


class Load(NamedTuple):
    """Calls of one function: how many per second at random, and the milliseconds of each."""

    per_second: float
    milliseconds: float
    cold_milliseconds: float  # of a call that starts an instance


class Seen(NamedTuple):
    """What a simulation counted. `busy` is the mean number of busy instances."""

    calls: int
    refused: int
    cold: int
    busy: float


def simulate(load: Load, cap: int, seconds: float, after: float = 0, seed: int = 1) -> Seen:
    """Let calls arrive at random; an instance answers one at a time, as in Python.

    Counts what arrives for some seconds, after so many in which the first instances start.
    """
    chance = random.Random(seed)  # noqa: S311 - the same arrivals in every run
    calls = refused = cold = 0
    now = busy_seconds = 0.0
    busy: list[float] = []  # when each busy instance ends its call, a heap
    idle: list[float] = []  # since when each idle instance waits, the newest last
    while (now := now + chance.expovariate(load.per_second)) < after + seconds:
        while busy and busy[0] <= now:
            idle.append(heapq.heappop(busy))
        counts = now >= after
        calls += counts
        if idle and now - idle[-1] < IDLE_SECONDS:
            idle.pop()
            took = load.milliseconds / 1000
        elif len(busy) < cap:
            idle.clear()  # all have waited longer than the newest
            cold += counts
            took = load.cold_milliseconds / 1000
        else:
            refused += counts
            continue
        busy_seconds += took * counts
        heapq.heappush(busy, now + took)
    return Seen(calls, refused, cold, busy_seconds / seconds)


class Demand(NamedTuple):
    """What so many uploads per second ask for, each as a number of whole units."""

    token_instances: int
    callback_instances: int
    oss_requests: int
    gigabits: float
    sequential_keys: int  # prefixes that spread the keys
    buckets: int  # under which a bucket has few enough requests that forbid overwriting
    accounts: int


def demand(rate: int, token_milliseconds: float, callback_milliseconds: float) -> Demand:
    """Return what a rate of uploads asks for."""
    requests = rate * OSS_REQUESTS
    gigabits = rate * FILE_MEGABYTES * 8 / 1000
    return Demand(
        instances_for(rate, token_milliseconds),
        instances_for(rate, callback_milliseconds),
        requests,
        gigabits,
        math.ceil(requests / SEQUENTIAL_PER_SECOND),
        math.ceil(rate / FORBID_OVERWRITE_PER_SECOND),
        math.ceil(max(requests / ACCOUNT_PER_SECOND, gigabits / ACCOUNT_GIGABITS)),
    )
