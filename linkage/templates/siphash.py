"""SipHash-1-3 (Aumasson and Bernstein 2012): a keyed 64-bit hash of bytes.

What it gives is fixed for ever, so compiled loops of other modules that hold it stay right whatever changes here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linkage.engines.compiled import compiled

_13, _16, _17, _21, _32 = np.uint64(13), np.uint64(16), np.uint64(17), np.uint64(21), np.uint64(32)
_43, _47, _48, _51, _56 = np.uint64(43), np.uint64(47), np.uint64(48), np.uint64(51), np.uint64(56)
_END = np.uint64(0xFF)
_INITIAL = (
    np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D),
    np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573),
)  # fmt: skip


@compiled
def _round(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    a += b
    c += d
    b = ((b << _13) | (b >> _51)) ^ a
    d = ((d << _16) | (d >> _48)) ^ c
    a = (a << _32) | (a >> _32)
    c += b
    a += d
    b = ((b << _17) | (b >> _47)) ^ c
    d = ((d << _21) | (d >> _43)) ^ a
    return a, b, (c << _32) | (c >> _32), d


@compiled
def siphash(data: npt.NDArray[np.uint8], begin: int, end: int, one: np.uint64, two: np.uint64) -> np.uint64:
    """The hash of some bytes under a key of two words."""
    a, b, c, d = _INITIAL[0] ^ one, _INITIAL[1] ^ two, _INITIAL[2] ^ one, _INITIAL[3] ^ two
    size = end - begin
    for first in range(begin, end - 7, 8):
        word = np.uint64(0)
        for i in range(8):
            word |= np.uint64(data[first + i]) << np.uint64(8 * i)
        d ^= word
        a, b, c, d = _round(a, b, c, d)
        a ^= word
    word = np.uint64(size & 0xFF) << _56
    for i in range(size & 7):
        word |= np.uint64(data[end - (size & 7) + i]) << np.uint64(8 * i)
    d ^= word
    a, b, c, d = _round(a, b, c, d)
    a ^= word
    c ^= _END
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d
