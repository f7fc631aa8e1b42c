"""The audit: every row accounted for, the quarantine, and the gate before which nothing is published."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linkage.config import PAYMENT_FAMILY, Audit
from linkage.engines.step import Engine, Step, literal
from linkage.errors import InputRefused, LinkageError
from linkage.model import QUARANTINE, SOURCES
from linkage.sources.layout import Group
from linkage.sources.scan import Value

REASONS_SHOWN = 5
# What to say of times, by the setting that a reason ends with (see times.py)
SAID = {"zone": 'zone = "UTC"', "epoch": 'epoch = "s"', "time_format": 'time_format = "%d.%m.%Y %H:%M"'}
# 13 to 19 digits, blanks and dashes between them: masked wherever they stand in the quarantine of a payment source
CARD_LONG = "[0-9](?:[ -]?[0-9]){12,18}"


@dataclass(frozen=True)
class SourceCounts:
    """What became of a source's rows: rows = loaded + duplicate + quarantined.

    ``not_linking`` counts values of loaded rows that link nobody: placeholders, private addresses.
    """

    source: str
    rows: int
    loaded: int
    duplicate: int
    quarantined: int
    not_linking: int

    @property
    def quarantined_share(self) -> float:
        """Quarantined rows as a share of all rows."""
        return self.quarantined / self.rows if self.rows else 0.0


def check_sum(counts: SourceCounts) -> SourceCounts:
    """The same counts.

    Raises:
        LinkageError: the fates do not add up to the rows; our fault.
    """
    if counts.rows != counts.loaded + counts.duplicate + counts.quarantined:
        raise LinkageError(f"rows of source '{counts.source}' do not add up: {counts}.", todo="Please report this.")
    return counts


def make_quarantine(
    engine: Engine, groups: Mapping[str, Sequence[Group]], values: Mapping[str, Sequence[Value]]
) -> None:
    """Make the table ``quarantine`` (QUARANTINE) of all sources, in order of source, file and row."""
    parts = []
    for name, of_source in groups.items():
        files = [file.shown for group in of_source for file in group.files]
        engine.load(f"files_{name}", pa.table({"file": pa.array(range(len(files)), pa.int32()), "shown": files}))
        value = "value"
        if any(v.spec.family == PAYMENT_FAMILY for v in values[name]):
            value = f"regexp_replace(value, '{CARD_LONG}', '(masked)', 'g')"
        parts.append(
            f'SELECT {literal(name)} AS source, shown AS file, row, "column", reason, {value} AS value '
            f"FROM faults_{name} JOIN files_{name} USING (file)"
        )
    engine.run(
        Step(
            "quarantine",
            f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY source, file, row",
            tuple(f"faults_{name}" for name in groups),
        )
    )


def load_counts(engine: Engine, counts: Sequence[SourceCounts]) -> None:
    """Make the table ``source_counts`` (SOURCES)."""
    rows = [{field: getattr(c, field) for field in SOURCES.names} for c in sorted(counts, key=lambda c: c.source)]
    engine.load("source_counts", pa.Table.from_pylist(rows, schema=SOURCES))


def refusal(
    engine: Engine, counts: Sequence[SourceCounts], audit: Audit, refused_dir: Path | None
) -> InputRefused | None:
    """Why the run must stop, or None: a source without rows, or too many quarantined (listed in ``refused_dir``)."""
    for c in counts:
        if not c.rows:
            return InputRefused(
                f"source '{c.source}' is empty: its files hold no rows.",
                where=f"sources.{c.source}",
                todo="Check its export.",
            )
    stopped = [c for c in counts if c.quarantined_share > audit.stop_share]
    if not stopped:
        return None
    kept = _keep_quarantine(engine, refused_dir)
    worst = max(stopped, key=lambda c: c.quarantined_share)
    return InputRefused(
        f"{worst.quarantined:,} of {worst.rows:,} rows can't be used ({worst.quarantined_share:.1%}; at most "
        f"{audit.stop_share:.1%} may be, audit.stop_share). Reasons: {_reasons(engine, worst.source)}.",
        where=f"sources.{worst.source}",
        todo=f"{_next_step(engine, worst.source)} {kept}Nothing was published.",
    )


def warnings(engine: Engine, counts: Sequence[SourceCounts], audit: Audit) -> list[str]:
    """A warning for each source with many rows in the quarantine, but not so many that it is refused."""
    return [
        f"source '{c.source}': {c.quarantined:,} of {c.rows:,} rows ({c.quarantined_share:.1%}) can't be used and are "
        f"in the quarantine. Reasons: {_reasons(engine, c.source)}."
        for c in counts
        if audit.warn_share < c.quarantined_share <= audit.stop_share
    ]


def reasons(engine: Engine, name: str) -> list[dict[str, object]]:
    """Rows of the quarantine of a source by column and reason, most first: column, reason, rows."""
    found: list[dict[str, object]] = engine.fetch(
        f'SELECT "column", reason, count(*) AS rows FROM quarantine WHERE source = {literal(name)} '
        'GROUP BY ALL ORDER BY rows DESC, reason, "column"'
    ).to_pylist()
    return found


def _reasons(engine: Engine, name: str) -> str:
    found = reasons(engine, name)
    texts = [f"{r['reason']}{_in(r['column'])} ({r['rows']:,})" for r in found[:REASONS_SHOWN]]
    more = len(found) - REASONS_SHOWN
    return "; ".join(texts) + (f"; and {more} more" if more > 0 else "")


def _next_step(engine: Engine, name: str) -> str:
    """What to do about most of a source's quarantined rows."""
    setting = re.search(r": set (\w+)$", str(reasons(engine, name)[0]["reason"]))
    if setting is None:
        return "Mend the rows, or the config."
    return f"Say in [sources.{name}] how its times are written, such as {SAID[setting[1]]}, or mend the rows."


def _in(column: object) -> str:
    return f" in '{column}'" if column else ""


def _keep_quarantine(engine: Engine, folder: Path | None) -> str:
    if folder is None:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quarantine.parquet"
    names = ", ".join(f'"{n}"' for n in QUARANTINE.names)
    engine.write(f"SELECT {names} FROM quarantine ORDER BY source, file, row", path)
    return f"All of them are listed in {path}. "
