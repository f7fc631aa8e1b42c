from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linkage.config import Config, parse_config
from linkage.errors import InputRefused
from linkage.sources import read as reading
from linkage.sources.unchanged import named_files, refuse_own_output, unchanged
from tests.sources.small_logs import events, read, write_csv

ROW = "acc1,2026-01-01T00:00:00Z,d1,9.9.9.9"
HEADER = "account_id,ts,device,ip"
BESIDE: dict[str, Any] = {
    "labels": {"path": "labels.csv"},
    "dossiers": {"path": "*.toml"},
    "context": {"ip": {"vpn": "vpn.txt"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "events.csv", HEADER, ROW)
    write_csv(tmp_path / "labels.csv", "account_id,label", "acc1,staff")
    (tmp_path / "cobalt.toml").write_text('name = "Cobalt"\naccounts = ["acc1"]\n')
    (tmp_path / "vpn.txt").write_text("192.88.0.0/16\n")
    return tmp_path


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen after the sources are read and before what stands beside them is."""
    then = reading.read_beside

    def beside(*words: Any) -> Any:
        act()
        return then(*words)

    monkeypatch.setattr(reading, "read_beside", beside)


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("acc2,2026-01-01T00:00:00Z,d1,9.9.9.9\n")


def same_size(path: Path) -> None:
    """Other bytes, as many."""
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(0, 1))


def replace(path: Path) -> None:
    """Another file in its place, with its size and time."""
    told, new = path.stat(), path.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    os.utime(new, ns=(told.st_atime_ns, told.st_mtime_ns))
    os.replace(new, path)


@pytest.mark.parametrize("change", [append, same_size, replace, os.remove])
def test_a_log_that_changes_while_it_is_read_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    meanwhile(monkeypatch, lambda: change(folder / "events.csv"))
    with pytest.raises(InputRefused) as caught:
        read(folder, {"s": events()})
    assert str(caught.value) == (
        "events.csv: the file changed while it was read. Name a copy, or logs that nobody writes to any more, "
        "and run again."
    )


@pytest.mark.parametrize("name", ["labels.csv", "cobalt.toml", "vpn.txt"])
def test_what_stands_beside_the_logs_is_watched_too(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    meanwhile(monkeypatch, lambda: os.utime(folder / name, ns=(0, 1)))
    with pytest.raises(InputRefused, match=rf"^{name}: the file changed while it was read\. "):
        read(folder, {"s": events()}, **BESIDE)


def test_a_change_explains_what_else_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is half written is no mistake in the list."""
    meanwhile(monkeypatch, lambda: (folder / "vpn.txt").write_text("192.88.0.0/16\n203.0."))
    with pytest.raises(InputRefused, match=r"^vpn\.txt: the file changed while it was read\. ") as caught:
        read(folder, {"s": events()}, **BESIDE)
    assert "'203.0.' is no network." in str(caught.value.__cause__)


def test_several_changes_are_one_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change() -> None:
        for name in ("vpn.txt", "events.csv", "labels.csv"):
            append(folder / name)

    meanwhile(monkeypatch, change)
    with pytest.raises(
        InputRefused, match=r"^events\.csv: the file changed while it was read, and 2 more files did\. "
    ):
        read(folder, {"s": events()}, **BESIDE)


def test_what_stays_as_it_is_passes_and_so_do_files_that_nobody_reads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: (folder / "other.csv").write_text("new"))
    assert len(read(folder, {"s": events()}, **BESIDE).report.inputs) == 4


def test_a_file_that_appears_is_refused_when_it_was_read(folder: Path) -> None:
    config = folder / "linkage.toml"

    def late() -> None:
        with unchanged([folder / "events.csv"], config) as refuse_others:
            refuse_others(["events.csv"])
            refuse_others(["events.csv", "late.csv"])

    with pytest.raises(InputRefused, match=r"^late\.csv: the file appeared while the others were read\. Name a copy"):
        late()


def test_errors_of_what_is_unchanged_pass(folder: Path) -> None:
    for error in (InputRefused("no."), KeyError("no")):
        with pytest.raises(type(error)) as caught, unchanged([folder / "events.csv"], folder / "linkage.toml"):
            raise error
        assert caught.value is error


# What linkage wrote itself


def config_of(output: str, *paths: str, **sections: Any) -> Config:
    text = {"sources": {"s": events(path=list(paths))}, "output": {"dir": output}, **sections}
    return parse_config(text, "linkage.toml")


@pytest.fixture
def published(folder: Path) -> Path:
    """The folder with the outputs of a run in runs/, and the same in the folder itself."""
    for output in (folder, folder / "runs"):
        for name in ("20260101T000000Z-abcdef", ".unfinished-20260101T000000Z-abcdee", "refused"):
            (output / name / "1-sources").mkdir(parents=True)
            (output / name / "1-sources" / "accounts.csv").write_text("account_id\n")
        (output / "20260101T000000Z-abcdef" / "manifest.json").write_text("{}")
        (output / "latest").symlink_to("20260101T000000Z-abcdef")
    (folder / "runs" / "logs").mkdir()
    write_csv(folder / "runs" / "logs" / "more.csv", HEADER, ROW)
    return folder


RUN = "20260101T000000Z-abcdef/1-sources/accounts.csv"


@pytest.mark.parametrize(
    ("output", "path", "told"),
    [
        ("runs", "runs/*/*/*.csv", f"runs/{RUN} and 2 more"),  # latest is the same folder under another name
        ("runs", f"runs/{RUN}", f"runs/{RUN}"),
        ("runs", "runs/latest/1-sources/accounts.csv", "runs/latest/1-sources/accounts.csv"),
        ("runs", "runs/.unfinished-*/*/*.csv", "runs/.unfinished-20260101T000000Z-abcdee/1-sources/accounts.csv"),
        ("runs", "runs/refused/**/*.csv", "runs/refused/1-sources/accounts.csv"),
        (".", "2*/*/*.csv", RUN),
    ],
)
def test_files_that_runs_wrote_are_refused(published: Path, output: str, path: str, told: str) -> None:
    config, place = config_of(output, "events.csv", path), published / "linkage.toml"
    with pytest.raises(InputRefused) as caught:
        refuse_own_output(named_files(config, place), config, place)
    assert str(caught.value) == (
        f"sources.s.path: it names what an earlier run wrote: {told}. Name the logs alone, "
        "or choose another output.dir."
    )


@pytest.mark.parametrize("output", ["runs", ".", "../elsewhere"])
def test_logs_beside_the_runs_are_logs(published: Path, output: str) -> None:
    config, place = config_of(output, "events.csv", "runs/logs/*.csv"), published / "linkage.toml"
    named = named_files(config, place)
    assert len(named["sources.s.path"]) == 2
    refuse_own_output(named, config, place)


def test_labels_from_a_run_are_refused_as_logs_are(published: Path) -> None:
    sections = {**BESIDE, "labels": {"path": f"runs/{RUN}"}}
    with pytest.raises(InputRefused, match=r"^labels\.path: it names what an earlier run wrote: runs/2026"):
        read(published, {"s": events()}, **sections)
