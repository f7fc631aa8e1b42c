from __future__ import annotations

import ipaddress

import numpy as np
import pytest

from linkage.simulator import names
from linkage.simulator.addresses import address_plan, resolve
from linkage.simulator.names import BASE32, FIRST_OCTETS, HEX, address_text, address_texts, random_text
from linkage.simulator.networks import Net
from linkage.simulator.population import Population
from linkage.simulator.streams import Streams


def test_random_text_has_prefix_length_and_alphabet() -> None:
    text = random_text(500, "pm_", 20, HEX, np.random.default_rng(1)).to_pylist()
    assert len(set(text)) == 500
    assert all(t.startswith("pm_") and len(t) == 23 and set(t[3:]) <= set("0123456789abcdef") for t in text)
    assert random_text(0, "x", 5, BASE32, np.random.default_rng(1)).to_pylist() == []


def test_random_text_is_the_same_however_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = random_text(1_001, "a", 14, BASE32, np.random.default_rng(1))
    monkeypatch.setattr(names, "AT_ONCE", 4)
    assert random_text(1_001, "a", 14, BASE32, np.random.default_rng(1)).equals(whole)


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


def test_ipv6_networks_are_distinct_global_and_seen_with_several_hosts(people: Population, streams: Streams) -> None:
    plan = address_plan(people, streams)
    texts = address_texts(plan, np.random.default_rng(5))
    account = np.repeat(np.arange(people.accounts), 10)
    address = resolve(plan, account, np.full(len(account), 2), np.random.default_rng(6))
    text = texts.of(address, np.random.default_rng(7)).to_pylist()
    parsed = [ipaddress.ip_address(t) for t in text]
    assert all(p.is_global for p in parsed)
    sixth = [(int(p) >> 64, a) for p, a in zip(parsed, address.tolist(), strict=True) if p.version == 6]
    assert len(sixth) > 1_000
    assert len(set(sixth)) == len({network for network, _ in sixth}) == len({number for _, number in sixth})
    hosts = {(int(p)) for p in parsed if p.version == 6}
    assert len(set(sixth)) < len(hosts) <= 6 * len(set(sixth))
    fourth = [(int(p), a) for p, a in zip(parsed, address.tolist(), strict=True) if p.version == 4]
    assert len(set(fourth)) == len({a for _, a in fourth})
