from __future__ import annotations

from pathlib import Path

import pytest

from linkage.config import parse_config
from linkage.errors import ConfigError, RunLocked, StorageFault
from linkage.state import held_catalogue, kept_templates
from linkage.templates.ids import VARIABLE

KEY = "0123456789abcdef" * 4


def write(text: str):  # type: ignore[no-untyped-def]  # a writer of the text
    return lambda path: path.write_text(text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "templates.catalogue"
    path.write_text("old")
    return path


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()} - {".templates.catalogue.lock"}


def test_a_published_run_leaves_the_grown_catalogue(path: Path) -> None:
    run = path.parent / "run"
    with held_catalogue(path) as held:
        held.prepare(write("new"), run)
        assert path.read_text() == "old"
        run.mkdir()
    assert path.read_text() == "new"
    assert names(path.parent) == {"templates.catalogue", "run"}


def test_a_failed_run_leaves_it_as_it_was(path: Path) -> None:
    def fail() -> None:
        with held_catalogue(path) as held:
            held.prepare(write("new"), path.parent / "run")
            raise ValueError("anything")

    with pytest.raises(ValueError, match="anything"):
        fail()
    assert path.read_text() == "old"
    assert names(path.parent) == {"templates.catalogue"}


@pytest.mark.parametrize(("published", "left"), [(True, "new"), (False, "old")])
def test_what_a_killed_run_left_is_settled_by_the_next(path: Path, published: bool, left: str) -> None:
    with held_catalogue(path) as held:
        held.prepare(write("new"), path.parent / "run")
        kept = [(file, file.read_bytes()) for file in (held.grown, held.note)]
    for file, data in kept:  # as if it had been killed here
        file.write_bytes(data)
    path.write_text("old")
    if published:
        (path.parent / "run").mkdir()
    with held_catalogue(path):
        assert path.read_text() == left
    assert names(path.parent) == {"templates.catalogue", *(["run"] if published else [])}


def test_a_half_written_one_never_counts(path: Path) -> None:
    with held_catalogue(path) as held:
        held.grown.write_text("ha")
    assert path.read_text() == "old"


def test_two_at_once_are_refused(path: Path) -> None:
    with (
        held_catalogue(path),
        pytest.raises(RunLocked, match=r"another run adds to the catalogue of templates\. Wait until it ends"),
        held_catalogue(path),
    ):
        pass
    with held_catalogue(path):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFault, match="the catalogue of templates can't be written"):
        held_catalogue(tmp_path / "file" / "c").__enter__()


def test_who_has_no_key_leaves_no_trace_and_who_has_no_prompts_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    source = {"path": "x.csv", "account": "a"}
    plain, prompts = (parse_config({"sources": {"s": s}}, "c") for s in (source, {**source, "prompt": "p"}))
    with kept_templates(plain, tmp_path / "linkage.toml") as templates:
        assert templates is None
    with pytest.raises(ConfigError, match="There is no key"), kept_templates(prompts, tmp_path / "linkage.toml"):
        pass
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv(VARIABLE, KEY)
    with kept_templates(prompts, tmp_path / "linkage.toml") as templates:
        assert templates is not None
        templates.prepare(tmp_path)
    assert names(tmp_path) == {"templates.catalogue"}
