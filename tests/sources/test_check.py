from __future__ import annotations

from pathlib import Path

import pytest

from linkage.config import parse_config
from linkage.engines.duckdb import DuckDBEngine
from linkage.sources.check import CheckReport, check_sources
from tests.sources.small_logs import events, write_csv


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = (f"a{i % 7},2026-01-01T00:00:00Z,d{i % 3},{'10.0.0.1' if i < 5 else '8.8.8.8'}" for i in range(50))
    write_csv(tmp_path / "events.csv", "account_id,ts,device,ip,plan", *(f"{row},free" for row in rows), "broken")
    return tmp_path


def checked(engine: DuckDBEngine, folder: Path, sources: object, sample: int = 1000, **sections: object) -> CheckReport:
    config = parse_config({"sources": sources, **sections}, "x")
    return check_sources(engine, config, folder / "linkage.toml", sample)


def test_a_preview_tells_what_a_source_would_give(engine: DuckDBEngine, folder: Path) -> None:
    report = checked(engine, folder, {"s": events()})
    (preview,) = report.previews
    assert (preview.source, preview.files, preview.accounts, preview.entities) == ("s", 1, 7, {"device": 3, "ip": 1})
    counts = preview.counts
    assert (counts.rows, counts.loaded, counts.quarantined, counts.not_linking) == (51, 50, 1, 5)
    assert preview.reasons == ({"column": None, "reason": "wrong number of fields", "rows": 1},)
    assert preview.warnings[0].startswith("source 's': columns not used: 'plan'.")
    assert report.first_error is None


def test_a_sample_is_cut(engine: DuckDBEngine, folder: Path) -> None:
    assert checked(engine, folder, {"s": events()}, sample=10).previews[0].counts.rows == 10


def test_one_bad_source_does_not_hide_the_others(engine: DuckDBEngine, folder: Path) -> None:
    report = checked(engine, folder, {"gone": events(path="gone.csv"), "good": events(), "odd": events(time="when")})
    assert [p.error is None for p in report.previews] == [False, True, False]
    assert report.previews[1].counts.loaded == 50
    assert report.first_error is report.previews[0].error
    assert "no column 'when'" in str(report.previews[2].error)


def test_what_a_run_would_refuse_is_told(engine: DuckDBEngine, folder: Path) -> None:
    write_csv(folder / "bad.csv", "account_id,ts,device,ip", "a,never,d,8.8.8.8")
    (preview,) = checked(engine, folder, {"s": events(path="bad.csv")}).previews
    assert preview.counts.quarantined == 1
    assert preview.error is not None
    assert "1 of 1 rows can't be used" in str(preview.error)


def test_labels_and_lists_are_looked_at(engine: DuckDBEngine, folder: Path) -> None:
    report = checked(engine, folder, {"s": events()}, labels={"path": "gone.csv"})
    assert report.previews[0].error is None
    assert "matches no file" in str(report.first_error)
    report = checked(engine, folder, {"s": events()}, context={"ip": {"vpn": "gone.txt"}})
    assert "gone.txt" in str(report.beside[0])
    report = checked(
        engine, folder, {"s": events()}, labels={"path": "gone.csv"}, context={"ip": {"vpn": "gone.txt"}},
        dossiers={"path": "gone.toml"},
    )  # fmt: skip
    for name, error in zip(("gone.txt", "gone.csv", "gone.toml"), report.errors, strict=True):
        assert name in str(error)


@pytest.mark.parametrize(
    ("source", "warning"),
    [
        ({"ignore": ["device", "ip", "plan"]},
         "source 's': ties no accounts: it has no 'entities' and no role 'signup'."),
        ({"status": "plan", "ignore": ["device", "ip"]}, "source 's': it counts exchanges, and ties no accounts: "),
        ({"role": "signup", "ignore": ["device", "ip", "plan"]}, None),
        ({"entities": {"ip": "ip"}, "path": "home.csv"},
         "source 's': no row of the sample names an entity that could tie accounts (in 'ip')."),
    ],
)  # fmt: skip
def test_a_source_that_ties_nobody_is_told(
    engine: DuckDBEngine, folder: Path, source: dict[str, object], warning: str | None
) -> None:
    write_csv(folder / "home.csv", "account_id,ts,ip", "a,2026-01-01T00:00:00Z,10.0.0.1")
    (preview,) = checked(engine, folder, {"s": {**events(entities=None), **source}}).previews
    assert preview.error is None
    told = [w for w in preview.warnings if "ties no" in w or "could tie" in w]
    assert [w[: len(warning or "")] for w in told] == ([warning] if warning else [])


def test_rows_that_can_t_be_used_are_told_once(engine: DuckDBEngine, folder: Path) -> None:
    write_csv(folder / "bad.csv", "account_id,ts,device,ip", "a,2026-01-01 00:00,d,8.8.8.8")
    (preview,) = checked(engine, folder, {"s": events(path="bad.csv")}).previews
    assert preview.warnings == ()
    assert 'Say in [sources.s] how its times are written, such as zone = "UTC", or mend the rows.' in str(preview.error)
