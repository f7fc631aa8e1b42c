from __future__ import annotations

from pathlib import Path

import pytest

from linkage.errors import ConfigError
from linkage.evaluation.peers import PEERS
from linkage.yardstick import third_party as module
from linkage.yardstick.third_party import third_party_table
from tests.yardstick.test_tables import rows

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def test_without_any_set_it_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none of the sets is there: hop, fraud_ecommerce, email_eu_core, .*"):
        third_party_table(tmp_path, EXAMPLES, tmp_path / "work", lambda text: None)


def test_the_smallest_set_has_linkage_and_every_peer(
    third_party: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETS", tuple(s for s in module.SETS if s.name == "email_eu_core"))
    table = rows(third_party_table(third_party, EXAMPLES, tmp_path, lambda text: None))
    assert list(table) == ["", module.ANY, module.SUSPECT, *(peer.name for peer in PEERS)]
    assert table[""] == ["e-mail: NMI"]
    assert 0.5 < float(table[module.ANY][0]) < 0.8
    assert 0.5 < float(table["Louvain, plain"][0]) < 0.8
    assert table[module.SUSPECT] == ["no suspect ring"]
    assert table["Splink"][0].startswith("not run: ")
