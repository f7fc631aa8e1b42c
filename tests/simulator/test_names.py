from __future__ import annotations

import ipaddress

import numpy as np

from linkage.simulator.addresses import Net
from linkage.simulator.names import BASE32, FIRST_OCTETS, HEX, address_text, random_text


def test_random_text_has_prefix_length_and_alphabet() -> None:
    text = random_text(500, "pm_", 20, HEX, np.random.default_rng(1)).to_pylist()
    assert len(set(text)) == 500
    assert all(t.startswith("pm_") and len(t) == 23 and set(t[3:]) <= set("0123456789abcdef") for t in text)
    assert random_text(0, "x", 5, BASE32, np.random.default_rng(1)).to_pylist() == []


def test_addresses_are_distinct_and_public_and_in_their_blocks() -> None:
    net = np.random.default_rng(2).choice(len(Net), 5_000)
    text = address_text(net, np.random.default_rng(3)).to_pylist()
    parsed = [ipaddress.ip_address(t) for t in text]
    assert len(set(parsed)) == 5_000
    assert all(p.is_global for p in parsed)
    assert all(int(t.split(".")[0]) in FIRST_OCTETS[Net(n)] for t, n in zip(text, net, strict=True))


def test_no_block_serves_two_kinds_of_network() -> None:
    octets = [octet for block in FIRST_OCTETS.values() for octet in block]
    assert len(octets) == len(set(octets))


def test_shared_networks_come_in_runs_and_homes_do_not() -> None:
    for net, neighbours in ((Net.DATACENTRE, True), (Net.HOME, False)):
        text = address_text(np.full(64, net), np.random.default_rng(3)).to_pylist()
        numbers = np.array([int(ipaddress.ip_address(t)) for t in text])
        assert bool((np.diff(numbers) == 1).mean() > 0.9) is neighbours
