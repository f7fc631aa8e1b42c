from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from linkage.errors import ConfigError, NotFound, StorageFault
from linkage.rings.codelength import Floats, Ints
from linkage.validation.rerun import open_case, rings_of


def test_the_method_once_more_gives_the_rings_of_the_run(published: Path) -> None:
    case = open_case(published)
    seen: list[tuple[Ints, Floats]] = []
    tables = rings_of(case.graph, case.method, lambda size, saved: seen.append((size, saved)))
    for name, table in tables.items():
        assert table.equals(pq.read_table(published / "4-rings" / f"{name}.parquet")), name
    scored = {(int(s), round(float(-b), 3)) for sizes, bits in seen for s, b in zip(sizes, bits, strict=True)}
    rings = tables["rings"].to_pylist()
    assert {(r["accounts"], r["log2_p_bound"]) for r in rings if r["log2_p_bound"] < 0} <= scored


def test_a_config_stands_for_its_last_run(simulated: Path, published: Path, tmp_path: Path) -> None:
    config = tmp_path / "linkage.toml"
    text = (simulated / "linkage.toml").read_text(encoding="utf-8")
    config.write_text(text.replace('dir = "runs"', f"dir = {json.dumps(str(published.parent))}"), encoding="utf-8")
    by_config, by_run = open_case(config), open_case(published)
    assert by_config.folder == by_run.folder == published.resolve()
    assert by_config.graph.accounts == by_run.graph.accounts
    assert np.array_equal(by_config.graph.created, by_run.graph.created, equal_nan=True)  # type: ignore[arg-type]  # a world has creations


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no published run"):
        open_case(tmp_path)
    with pytest.raises(ConfigError, match="there is no such file"):
        open_case(tmp_path / "linkage.toml")


def test_a_run_with_other_settings_asks_for_a_new_one(published: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(published, run)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    manifest["config"]["method"]["of_another_version"] = 1
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(StorageFault, match=r"does not have the settings of this version's method\. Run again"):
        open_case(run)
