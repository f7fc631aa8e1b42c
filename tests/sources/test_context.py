from __future__ import annotations

import ipaddress
import random
from pathlib import Path

import pytest

from linkage.errors import InputRefused
from tests.sources.small_logs import read, write_csv

NEAR, NEAR_WIDE = 0x08000000, 0x2600 << 112  # networks near each other nest and collide
SOURCE = {"s": {"path": "e.csv", "account": "a", "entities": {"ip": "ip"}}}


def contexts(folder: Path, addresses: list[str], **lists: list[str]) -> dict[str, str | None]:
    """The context of each address that links, by its value."""
    write_csv(folder / "e.csv", "a,ip", *(f"acc{i},{address}" for i, address in enumerate(addresses)))
    for name, lines in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(lines))
    found = read(folder, SOURCE, context={"ip": {name: f"{name}.txt" for name in lists}})
    return {r["value"]: r["context"] for r in found.arrow["entities"].to_pylist()}


def test_the_smallest_network_wins_then_the_first_name(tmp_path: Path) -> None:
    found = contexts(
        tmp_path,
        ["8.8.8.8", "8.8.9.9", "8.9.0.1", "9.9.9.9", "2a00:1450:4001::5", "2a00:1451::1"],
        vpn=["8.8.8.0/24", "# a comment", "", "9.9.9.9  # one host"],
        datacentre=["8.8.0.0/16", "9.9.9.9/32", "2a00:1450::/32", "2a00:1451::1/128"],
        everything=["8.0.0.0/6"],
    )
    assert found == {
        "8.8.8.8": "vpn",
        "8.8.9.9": "datacentre",
        "8.9.0.1": "everything",
        "9.9.9.9": "datacentre",
        "2a00:1450:4001::/64": "datacentre",
        "2a00:1451::/64": None,
    }


def test_without_lists_nothing_has_a_context(tmp_path: Path) -> None:
    assert contexts(tmp_path, ["8.8.8.8"]) == {"8.8.8.8": None}


@pytest.mark.parametrize("seed", range(3))
def test_against_the_library_on_random_networks(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    lists: dict[str, list[str]] = {}
    for name in ("a", "b", "c"):
        four = [(NEAR + dice.randrange(2**14), dice.randint(18, 32)) for _ in range(40)]
        six = [(NEAR_WIDE + (dice.randrange(2**14) << 64), dice.randint(50, 64)) for _ in range(40)]
        lists[name] = [str(ipaddress.ip_network(network, strict=False)) for network in (*four, *six)]
    addresses = {str(ipaddress.IPv4Address(NEAR + dice.randrange(2**14))) for _ in range(200)}
    starts = [NEAR_WIDE + (dice.randrange(2**14) << 64) for _ in range(200)]
    addresses |= {str(ipaddress.IPv6Network((start, 64))) for start in starts}
    written = [address.removesuffix("/64") for address in sorted(addresses)]
    assert contexts(tmp_path, written, **lists) == {a: _smallest(a, lists) for a in addresses}


def _smallest(address: str, lists: dict[str, list[str]]) -> str | None:
    entity = ipaddress.ip_network(address)
    holding = [
        (-network.prefixlen, name)
        for name, networks in lists.items()
        for network in map(ipaddress.ip_network, networks)
        if network.version == entity.version and network.supernet_of(entity)  # type: ignore[arg-type]  # of one version
    ]
    return min(holding)[1] if holding else None


def test_lists_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"vpn\.txt, line 2: '300\.1\.1\.1/8' is no network\. One a line, such as"):
        contexts(tmp_path, ["8.8.8.8"], vpn=["8.8.8.8", "300.1.1.1/8"])
    (tmp_path / "vpn.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InputRefused, match=r"vpn\.txt: can't be read: .*Check context\.ip in the config\."):
        read(tmp_path, SOURCE, context={"ip": {"vpn": "vpn.txt"}})
    with pytest.raises(InputRefused, match=r"gone\.txt: can't be read"):
        read(tmp_path, SOURCE, context={"ip": {"vpn": "gone.txt"}})


def test_lists_stand_among_the_inputs(tmp_path: Path) -> None:
    write_csv(tmp_path / "e.csv", "a,ip", "x,8.8.8.8")
    (tmp_path / "vpn.txt").write_text("8.8.8.8\n")
    found = read(tmp_path, SOURCE, context={"ip": {"vpn": "vpn.txt"}})
    assert [(i.source, i.path, i.bytes) for i in found.report.inputs] == [
        ("context.ip.vpn", "vpn.txt", 8),
        ("s", "e.csv", 15),
    ]
