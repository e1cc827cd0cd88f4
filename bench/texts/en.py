"""The English words of the benchmarks."""

from collections.abc import Mapping, Sequence

INTRODUCTION = """# Benchmarks

Measured by `make bench` in one run on one machine; the raw numbers are in `bench/results.json`. Compare the ratios, not
the times: another machine has others. `make bench-check` measures again and fails where a ratio became worse by more
than [its own limit](#all-ratios) allows; `PARTS="cold warm"` measures these parts only.
"""
COLD = """
## Cold start

From the start of an interpreter to the first answered event, each in a fresh process, in turns on one core: the
processor time of the process, in milliseconds. The functions are the unpacked zips of `make package`; the peers answer
the same events, with no server in between. The median of {fewest} or more; a ratio is the median of those of each turn.

"""
UNDER_A_SHARE = """
### Under a share of the processor

As small instances have it: the process is stopped for the rest of every 0.1 s. The median of {rounds}, in milliseconds of
the clock.

"""
WARM = """
## Warm

From event bytes to reply dict, in a process that has answered before, in processor time; the HEAD is answered inside
the process. The floor is the same HMACs, base64, RSA and JSON as one straight function without a single check. All take
turns, in blocks of some milliseconds.

"""
SIGNING = """
## Signing alone

One policy or one presigned address in a warm process, with temporary credentials. Ours pins twelve fields.

"""
LOOP = """
## Whole uploads on the local stack

Grant, form, callback and HEAD; four processes and the clients share the {cores}. Milliseconds of one upload.

"""
HUGE = """
One file of 2 GiB, posted by curl as a form; the median of {rounds}, in turns. The stack hashes it twice, MD5 and CRC-64 as
OSS does, and writes it to the disk, on which the speed depends:

"""
PARTS = """
Where the time of one upload at a time goes, in milliseconds:

"""
MEMORY = """
### Memory

The most that each worker had at a time, in MiB, after one file of each size:

"""
LARGE = """
## Large files

MiB per second of one file in Chromium to the same stand-in, all in parts of 8 MiB but the form: 64 MiB on loopback, 32 MiB
elsewhere. upload.js asks for a grant, hashes what it sends, compares, and ends when the callback function has answered;
the peers do not. ali-oss has its credentials already, and a server next to the stand-in signs for @uppy/aws-s3, which
sends one part after the other.

The line is a proxy that delays and limits each connection by itself; a new one first waits for two round trips, for the
handshakes of TCP and TLS. It cannot lose packets of the kernel's TCP: with "1 % loss" it passes on as TCP Reno would, by
windows that halve where one of a hundred segments is lost, which holds up what follows for a round trip. Each round has
new connections, and losses of its own that are the same for all. The slow lines are measured at the same time, the others
in turns.

"""
RECOVERY = """
All connections are cut when 90 % of 192 MiB have arrived; from then on each connection has 25 Mbit/s. From the cut to the
end of the upload: {parts:.1f} seconds in parts, {form:.1f} as a form, which starts over.

What a page needs for it, as one minified bundle, in bytes of gzip:

"""
GROWTH = """
## Growth

Microseconds of one call as its input, or what the function looks through, grows. The exponent is over the upper half: 0
is flat, 1 is linear.

"""
PAGE = """
## Page

In Chromium, nothing cached, on the local stack: requests, and milliseconds until files can be chosen. This page asks its
configuration and the token function's limits first; the others are set up in the page and ask nobody.

"""
LIBRARY = """
For a page of your own: {files} (bytes, gzip). The script of this page by module, each minified and gzip by itself:

"""
LONG_LINE = """
### On a long line

In Chromium, nothing cached, behind 150 ms: each new connection to the site, the token function or OSS first takes two round
trips more, as TCP and TLS do. Milliseconds; the click on Upload comes some time after the files are chosen.

"""
LONG_LINE_HEAD: Sequence[str] = ("", "milliseconds")
ENGINES = """
### Many small files, and a large one

From the click until all are done, beside a bare script that asks for a grant and sends a form for each file, three at a
time. In turns, and who begins alternates; the ratio is the median of those of each turn. Milliseconds.

The page also reads each file, for its checksum, while it is sent. On loopback browser, OSS and functions share the
processor, so that reading shows; on a line, even one of 1 Gbit/s, it hardly does.

"""
ENGINES_HEAD: Sequence[str] = ("", "this page", "a bare script", "ratio")
PEERS = """
### Many small files by other uploaders

50 files of 4 KB on loopback, milliseconds for each file. None of these shows a page. plupload sends one file after the other,
the others three at a time; ali-oss signs in the browser and needs no grant.

"""
COST = """
## Cost on Function Compute

Computed from the times above and the mainland list prices: {cny} CNY per compute unit (CU); 1 CU per vCPU second, {gib}
per GiB second, 75 per 10,000 calls; by the millisecond; at least {least} CNY per function in an hour with a call.

The times are those of this machine divided by the share of a processor that `template.yml` gives: token has {token.vcpu}
vCPU and {token.gib} GiB, callback {callback.vcpu} and {callback.gib}. The HEAD is the local stack's, as if all of it
were computing. Traffic and storage are OSS's to bill, and the same whoever signs.

"""
SERVER = """
An always-on server instead, as the template of Alibaba's tutorial starts one: 1 vCPU of economy type and 1 GiB cost
{hour:.4f} CNY an hour, without disk, address and a second machine, so {hour:.4f} × {hours} = {month:.2f} CNY a month. For
that, Function Compute answers {uploads:.0f} million uploads. Called a little in every hour of a month, both functions cost
at least 2 × {least} × {hours} = {least_month:.2f} CNY; called in no hour, nothing.
"""
RATIOS = """
## All ratios

What `make bench-check` compares; the lower, the better. The median of pairs that were measured in the same turn, their
quartiles, and by how much `make bench-check` lets it become worse. What seems worse is measured once more.

"""
TRIAL = """
### Can the check be believed?

`make bench-trial` asks. At one commit, with a busy loop beside it, the check of {parts} passed {passed} of {runs} times.
With token and callback in turns made 25 % slower, the check of {slower_parts} failed {failed} of {slower_runs} times.
Tried on {date}.
"""

# ---- The heads of the tables, without the first column where it has none
COLD_HEAD: Sequence[str] = ("", "milliseconds", "beside")
WARM_HEAD: Sequence[str] = ("", "microseconds", "per second and core", "floor", "times its floor")
SIGNING_HEAD: Sequence[str] = ("", "microseconds")
LOOP_HEAD: Sequence[str] = ("file", "in parallel", "uploads per second", "p50", "p99")
HUGE_HEAD: Sequence[str] = ("", "MiB per second")
FILE = "file"
LINE = "line"
GROWTH_HEAD: Sequence[str] = ("what grows", "from, to", "at first", "at last", "exponent")
SPAN = "{first} to {last}"
PAGE_HEAD: Sequence[str] = ("", "bytes of script and style, gzip", "requests", "milliseconds to usable")
AND = " and "
MODULE_HEAD: Sequence[str] = ("module", "bytes")
COST_HEAD: Sequence[str] = ("", "token", "callback", "CU per upload", "CNY per million uploads")
WARM_CALLS, COLD_CALLS = "both warm", "every call a cold start"
RATIO_HEAD: Sequence[str] = ("", "ratio", "quartiles", "may become worse by")
MACHINE: Mapping[str, str] = {}  # names of the results, in other words
ROWS: Mapping[str, str] = {}
