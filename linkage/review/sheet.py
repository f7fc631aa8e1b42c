"""Writes the review folder: the sheet for the reviewers as CSV and as a page, and apart from it the sealed key."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from linkage.errors import ConfigError, StorageFault
from linkage.reports.exhibits import cell, sha256
from linkage.reports.extras import require
from linkage.reports.run import Run
from linkage.review.draw import Plan, draw
from linkage.review.evidence import QUESTIONS, Item, describe
from linkage.state.publish import sync_tree, write_table

SHEETS = "for-reviewers"  # the one folder that reviewers get
SHEET, PAGE, KEY = "sheet.csv", "sheet.html", "key.parquet"
HEADER = ("item", "question", "evidence", "answer", "reviewer", "note")
KEY_SCHEMA = pa.schema(
    [
        ("item", pa.string()), ("question", pa.string()), ("account_id", pa.string()), ("other_id", pa.string()),
        ("ring_id", pa.string()), ("verdict", pa.string()), ("tier", pa.string()), ("population", pa.int64()),
        ("drawn", pa.int64()), ("fingerprint", pa.string()),
    ]
)  # fmt: skip
SEAL = b"linkage_review"  # the metadata of the key: run, plan, and SHA-256 of what the reviewers got


@dataclass(frozen=True)
class Sample:
    """A review folder that was written: where, how many items and controls, and the SHA-256 of its key."""

    folder: Path
    items: int
    controls: int
    key_sha256: str


def write_sample(run: Run, plan: Plan, folder: Path) -> Sample:
    """Draw the items and write the folder, whole or not at all; the same run and plan give the same bytes.

    Raises:
        ConfigError: the folder is there already, or the run can't be sampled so.
        MissingExtra: jinja2 is not installed.
        StorageFault: a file can't be read or written.
    """
    require("jinja2", "report")
    if os.path.lexists(folder):
        raise ConfigError("exists already.", where=str(folder), todo="Choose another --out: answers may be in it.")
    drawn = draw(run.store, plan)
    items = describe(run.store, drawn)
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
        try:
            _write(run, plan, (drawn, items), made)
            made.chmod(0o755)
            sync_tree(made)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise StorageFault(f"can't be written: {error}.", where=str(folder), todo="Choose another --out.") from error
    return Sample(folder, len(items), int(drawn["population"].isna().sum()), sha256(folder / KEY))


def fingerprint(evidence: str) -> str:
    """What an item's evidence is known by, whatever a spreadsheet does to blanks, lines and leading apostrophes."""
    return hashlib.sha256(" ".join(evidence.split()).lstrip("'").encode()).hexdigest()[:16]


def _write(run: Run, plan: Plan, sample: tuple[pd.DataFrame, list[Item]], folder: Path) -> None:
    drawn, items = sample
    sheets = folder / SHEETS
    sheets.mkdir()
    (sheets / SHEET).write_text(_csv(items), encoding="utf-8-sig", newline="")  # with a mark, for spreadsheets
    (sheets / PAGE).write_text(_page(items), encoding="utf-8")
    seal = {
        "run_id": run.manifest["run_id"],
        "run_manifest_sha256": sha256(run.path / "manifest.json"),
        "items": plan.items,
        "seed": plan.seed,
        "sha256": {name: sha256(sheets / name) for name in (SHEET, PAGE)},
    }
    key = _key(run, drawn, items).replace_schema_metadata({SEAL: json.dumps(seal, sort_keys=True).encode()})
    write_table(key, folder / KEY)


def _csv(items: Sequence[Item]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows([item.name, QUESTIONS[item.question], cell(item.text), "", "", ""] for item in items)
    return text.getvalue()


def _page(items: Sequence[Item]) -> str:
    import jinja2  # the extra `report`
    from markupsafe import Markup

    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    script = (here / "sheet.js").read_text(encoding="utf-8")
    known = hashlib.sha256(_csv(items).encode()).hexdigest()[:16]
    return environment.get_template("sheet.html.j2").render(
        items=items,
        questions=QUESTIONS,
        sheet=known,
        script=Markup(script),  # ours, a constant file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _key(run: Run, drawn: pd.DataFrame, items: Sequence[Item]) -> pa.Table:
    accounts = run.store.query(
        "SELECT account, account_id FROM accounts WHERE account IN (SELECT unnest($numbers))",
        numbers=[int(x) for x in pd.concat([drawn["account"], drawn["other"]]).dropna().unique()],
    ).set_index("account")["account_id"]
    rings = run.store.query("SELECT ring, ring_id FROM rings").set_index("ring")["ring_id"]
    columns: dict[str, Any] = {
        "item": [item.name for item in items],
        "question": drawn["question"],
        "account_id": drawn["account"].map(accounts),
        "other_id": drawn["other"].map(accounts),
        "ring_id": drawn["ring"].map(rings),
        "verdict": drawn["verdict"],
        "tier": drawn["tier"],
        "population": drawn["population"],
        "drawn": drawn["drawn"],
        "fingerprint": [fingerprint(item.text) for item in items],
    }
    return pa.table(
        {name: pa.array(columns[name], field.type, from_pandas=True) for name, field in zip(
            KEY_SCHEMA.names, KEY_SCHEMA, strict=True)}
    )


def read_key(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The key of a review folder, and its seal.

    Raises:
        ConfigError: the folder holds no key.
        StorageFault: the key can't be read.
    """
    path = folder / KEY
    if not path.is_file():
        raise ConfigError(
            "this folder holds no review.", where=str(folder), todo=f"Name the folder with {KEY} that 'sample' made."
        )
    try:
        table = pq.read_table(path)
        seal: dict[str, Any] = json.loads((table.schema.metadata or {})[SEAL])
        frame: pd.DataFrame = table.select(KEY_SCHEMA.names).to_pandas()
        return frame, seal
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise StorageFault(f"can't be read: {error}.", where=str(path), todo="Restore it, or sample again.") from error
