"""The CRC64 of joined contents, from those of the parts: nothing is read again.

Source: the method is that of `crc32_combine` in zlib, with the polynomial of OSS's CRC: ECMA-182, reflected,
all ones in and out. Polynomials are 64-bit numbers here, with x to the power of 0 as the highest bit.
"""

from functools import cache, lru_cache

_ECMA_182 = 0xC96C5795D7870F42
_ONE = 1 << 63
_MASK = (1 << 64) - 1


def combine(first: int, second: int, second_size: int) -> int:
    """Return the CRC of a content with CRC `first`, followed by one of `second_size` bytes with `second`."""
    return _multiply(_shift(second_size), first) ^ second


def _multiply(one: int, other: int) -> int:
    """Multiply two polynomials modulo ECMA-182's."""
    product = 0
    while one:
        if one & _ONE:
            product ^= other
        one = one << 1 & _MASK
        other = other >> 1 ^ (_ECMA_182 if other & 1 else 0)
    return product


@lru_cache(maxsize=16)  # the parts of an upload have the same size, but for the last
def _shift(size: int) -> int:
    """Return x to the power of the number of bits in `size` bytes."""
    power, product = 3, _ONE  # 2 to the power of 3 bits are a byte
    while size:
        if size & 1:
            product = _multiply(_square(power), product)
        size >>= 1
        power += 1
    return product


@cache  # one for each bit of a size
def _square(power: int) -> int:
    """Return x to the power of 2 to the power of `power`."""
    if not power:
        return _ONE >> 1
    root = _square(power - 1)
    return _multiply(root, root)
