"""Text of ids as a service would have them: random, so that neither order nor form tells who is who."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.simulator.addresses import Net
from linkage.simulator.streams import Ints

Letters = npt.NDArray[np.uint8]
HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)
FIRST_OCTETS = {  # public blocks only, and no block in two of them
    Net.HOME: (24, 67, 71, 73, 76, 78, 80, 82, 86, 88, 90, 91, 92, 93, 98, 99),
    Net.CARRIER: (25, 26, 27, 106, 107, 174),
    Net.VPN: (37, 89, 146, 185),
    Net.DATACENTRE: (5, 45, 51, 135, 138, 139, 157, 159),
    Net.OFFICE: (12, 50, 62, 63, 65, 194, 195, 212, 213, 217),
}
BLOCK = 32  # neighbours: addresses of shared networks come in runs of this length


def random_text(count: int, prefix: str, length: int, alphabet: Letters, rng: np.random.Generator) -> pa.Array:
    """``count`` strings of ``prefix`` and ``length`` random letters; long enough never to meet twice."""
    letters = alphabet[rng.integers(0, len(alphabet), (count, length), dtype=np.uint8)]
    head = np.broadcast_to(np.frombuffer(prefix.encode("ascii"), dtype=np.uint8), (count, len(prefix)))
    return strings(np.hstack([head, letters]))


def strings(letters: Letters) -> pa.Array:
    """Rows of ASCII letters as an Arrow string array."""
    count, width = letters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def address_text(net: Ints, rng: np.random.Generator) -> pa.Array:
    """One distinct public IPv4 address for each entry of ``net``; homes scattered, shared networks in runs."""
    host = np.empty(len(net), dtype=np.int64)
    for kind, octets in FIRST_OCTETS.items():
        mine = np.flatnonzero(net == kind)
        width = 1 if kind == Net.HOME else BLOCK
        blocks = (len(octets) << 24) // width
        chosen = _distinct(-(-len(mine) // width), blocks, rng)
        slot = (chosen[:, None] * width + np.arange(width)).ravel()[: len(mine)]
        host[mine] = (np.array(octets)[slot >> 24] << 24) | (slot & 0xFFFFFF)
    return _dotted(host)


def _distinct(count: int, past: int, rng: np.random.Generator) -> Ints:
    """``count`` distinct numbers below ``past`` in random order."""
    return rng.choice(past, count, replace=False, shuffle=True).astype(np.int64)


def _dotted(host: Ints) -> pa.Array:
    octets = [((host >> shift) & 255).astype("U3") for shift in (24, 16, 8, 0)]
    text = octets[0]
    for octet in octets[1:]:
        text = np.char.add(np.char.add(text, "."), octet)
    return pa.array(text)
