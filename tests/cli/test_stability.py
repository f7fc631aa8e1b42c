"""The command stability, as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.test_results import call, lines


def test_it_prints_what_it_keeps_and_show_quotes_it(published: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(published, tmp_path / "run"))
    first = json.loads(call("rings", "--run", str(run), "--json").stdout)[0]
    asked = "Not measured yet: 'linkage stability' finds the rings again with other seeds."
    assert f"  - {asked}" in lines("show", first["ring_id"], "--run", str(run))
    said = lines("stability", str(run), "--seeds", "1", "--top", "1")
    assert said[0] == "Rings found again with other seeds"
    assert said[2].split()[:3] == [first["ring_id"], first["verdict"], str(first["accounts"])]
    assert said[-1] == f"Kept in {run}.stability; 'linkage show R-…' quotes it."
    assert any(line.startswith("… and ") for line in said)
    data = json.loads(call("stability", str(run), "--seeds", "1", "--json").stdout)
    assert (data["folder"], data["seeds"]) == (f"{run}.stability", [2])
    assert data["rings"][0]["seeds"] == 1
    quoted = json.loads(call("show", first["ring_id"], "--run", str(run), "--json").stdout)["stability"]
    assert quoted[0].startswith(f"Found again with {data['rings'][0]['again']} of 1 other seed, ")
