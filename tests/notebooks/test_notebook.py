"""The notebook runs from top to bottom on a run, and stands in git without outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import linkage
from tests.small_run import RING_IDS, write_small_run

ROOT = Path(linkage.__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "three_rings.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook, executed on the fabricated run."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINKAGE_RUN", str(write_small_run(tmp_path_factory.mktemp("runs"))))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        NotebookClient(
            notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
        ).execute()
    return notebook


def outputs(notebook: nbformat.NotebookNode, form: str) -> list[str]:
    """Every output of one MIME type."""
    found = [
        output["data"][form]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output and form in output["data"]
    ]
    return ["".join(text) for text in found]


def test_it_stands_in_git_without_outputs() -> None:
    raw = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    nbformat.validate(raw)
    assert all(
        not cell["outputs"] and cell["execution_count"] is None for cell in raw["cells"] if cell["cell_type"] == "code"
    )


def test_the_three_largest_rings_are_drawn(executed: nbformat.NotebookNode) -> None:
    pictures = outputs(executed, "image/svg+xml")
    assert len(pictures) == 3
    for picture, ring_id in zip(pictures, (RING_IDS[0], RING_IDS[3], RING_IDS[1]), strict=True):
        assert ring_id in picture


def test_they_are_explained(executed: nbformat.NotebookNode) -> None:
    printed = "".join(
        output["text"] for cell in executed.cells for output in cell.get("outputs", []) if "text" in output
    )
    run = linkage.open_run(executed_run(executed))
    for ring_id in (RING_IDS[0], RING_IDS[3], RING_IDS[1]):
        for doubt in run.ring(ring_id).why_not:
            assert f"- {doubt.text}" in printed
    tables = "".join(outputs(executed, "text/html"))
    assert "before any evidence: how rare members are" in tables
    assert "<script>alert" not in tables


def executed_run(notebook: nbformat.NotebookNode) -> str:
    """The run folder that the first cell printed."""
    return str(notebook.cells[1]["outputs"][0]["data"]["text/plain"]).split("'")[1]
