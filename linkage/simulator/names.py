"""Text of ids as a service would have them: random, so that neither order nor form tells who is who."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.simulator.addresses import AddressPlan
from linkage.simulator.networks import Net
from linkage.simulator.streams import Ints, scatter

Letters = npt.NDArray[np.uint8]
HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)
FIRST_OCTETS = {  # public blocks only, and no block in two of them
    Net.HOME: (24, 67, 71, 73, 76, 78, 80, 82, 86, 88, 90, 91, 92, 93, 98, 99),
    Net.CARRIER: (25, 26, 27, 106, 107, 174),
    Net.VPN: (37, 89, 146, 185),
    Net.DATACENTRE: (3, 18, 34, 45, 51, 52, 139, 157, 159),
    Net.OFFICE: (12, 50, 62, 63, 65, 194, 195, 212, 213, 217),
}
SIXTH_HOME = (0x26001700, 0x26014000, 0x2A020800)  # first 32 bits of IPv6 networks, of home and of phone networks
SIXTH_PHONE = (0x2607FB90, 0x26001000, 0x24094000)
ODD = 0x9E3779B1  # times an odd number is one-to-one modulo a power of two, and scatters
HOSTS = 6  # interface addresses that a network is seen with
AT_ONCE = 1 << 16  # texts; a multiple of four, since four letters are drawn from one word of the generator
BLOCK = 32  # neighbours: addresses of shared networks come in runs of this length


def random_text(count: int, prefix: str, length: int, alphabet: Letters, rng: np.random.Generator) -> pa.Array:
    """``count`` strings of ``prefix`` and ``length`` random letters; long enough never to meet twice."""
    width = len(prefix) + length
    letters = np.empty((count, width), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    for first in range(0, count, AT_ONCE):
        rows = letters[first : first + AT_ONCE, len(prefix) :]
        rows[:] = alphabet[rng.integers(0, len(alphabet), rows.shape, dtype=np.uint8)]
    return strings(letters)


def strings(letters: Letters) -> pa.Array:
    """Rows of ASCII letters as an Arrow string array."""
    count, width = letters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


@dataclass(frozen=True)
class AddressTexts:
    """The text of addresses by number: IPv4 ones are written once, IPv6 ones with each use's own host part."""

    fourth: pa.Array
    lines: int
    key: int

    def of(self, address: Ints, rng: np.random.Generator) -> pa.Array:
        """The text of each of ``address`` (numbers as :func:`addresses.resolve` gives them)."""
        sixth = np.flatnonzero(address >= len(self.fourth))
        network = address[sixth] - len(self.fourth)
        host = scatter(network, rng.integers(0, HOSTS, len(sixth)), self.key)
        row = address.copy()
        row[sixth] = len(self.fourth) + np.arange(len(sixth))
        return pa.concat_arrays([self.fourth, _coloned(self._prefix(network), host)]).take(pa.array(row))

    def _prefix(self, network: Ints) -> Ints:
        """The first 64 bits: homes get a /56 of their own, phones a /64."""
        phone = network >= self.lines
        number = np.where(phone, network - self.lines, network)
        block = np.where(phone, np.array(SIXTH_PHONE)[number % 3], np.array(SIXTH_HOME)[number % 3])
        mixed = (number * ODD + self.key) % np.where(phone, 1 << 32, 1 << 24)
        return np.asarray((block << 32) | np.where(phone, mixed, mixed << 8), dtype=np.int64)


def address_texts(plan: AddressPlan, rng: np.random.Generator) -> AddressTexts:
    """The texts of all addresses of a plan."""
    return AddressTexts(address_text(plan.net, rng), plan.lines, int(rng.integers(0, 1 << 24)))


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


def _coloned(prefix: Ints, host: Ints) -> pa.Array:
    """IPv6 addresses in full form: eight groups of four hexadecimal digits."""
    nibbles = np.column_stack([(part >> shift) & 15 for part in (prefix, host) for shift in range(60, -4, -4)])
    letters = np.full((len(prefix), 39), ord(":"), dtype=np.uint8)
    letters[:, np.arange(39) % 5 != 4] = HEX[nibbles]
    return strings(letters)
