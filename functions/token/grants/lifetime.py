"""How long a grant lives.

OSS checks a policy's expiry when an upload ends, not when it begins: so a grant lives for `GRANT_SECONDS` and
for the time that its bytes need on a slow line. The ticket lives longer, so that a slow upload is confirmed.
"""

GRANT_SECONDS = 300
SLOWEST_BYTES_PER_SECOND = 128 * 1024
MAX_GRANT_SECONDS = 3600
CONFIRM_SECONDS = 3600  # from the end of a file grant's policy to the end of its ticket
PARTS_SECONDS = 23 * 3600  # how long parts of one file may be sent; its ticket lives on for CONFIRM_SECONDS


def lifetime_seconds(size: int) -> int:
    """Return how long a policy for `size` bytes lives."""
    return min(GRANT_SECONDS + -(-size // SLOWEST_BYTES_PER_SECOND), MAX_GRANT_SECONDS)
