"""Each distinct text once: the name it stands for, and whether that links; numbered in byte order of the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from linkage.config import KindSpec
from linkage.engines.step import Engine, Step, literal
from linkage.sources.normalise import IP_FORMS, LINKS, account_forms_sql, ip_forms, value_forms_sql
from linkage.sources.scan import ACCOUNT

ADDRESSES = 1 << 16  # so many are Python's at a time; with their forms they take about 25 MB


def make_forms(engine: Engine, texts: Sequence[str], specs: Mapping[str, KindSpec]) -> None:
    """Make the table ``forms`` (slot, text, short, value, state, key) from texts: SELECTs of slot and text.

    ``slot`` is the kind, or empty for account ids. ``state`` is `links`, `dull` (a placeholder, a private address) or
    `invalid` (its rows go to the quarantine); ``key`` numbers the (slot, value) that link, in byte order. ``short`` is
    the short_digest by which rows find the text; null in all rows if two texts of a slot have the same one.
    """
    every = " UNION ALL ".join(f"SELECT slot, text FROM ({sql})" for sql in texts)
    engine.run(Step("texts", f"SELECT DISTINCT slot, text FROM ({every})"))
    normalise_texts(engine, "all_forms", "texts", specs)
    engine.run(
        Step(
            "things",
            "SELECT slot, value, (row_number() OVER (ORDER BY slot, value))::INTEGER AS key "
            f"FROM (SELECT DISTINCT slot, value FROM all_forms WHERE state = '{LINKS}')",
            ("all_forms",),
        )
    )
    engine.run(
        Step(
            "forms",
            "SELECT f.slot, f.text, CASE WHEN d.apart THEN short_digest(f.text) END AS short, f.value, f.state, t.key "
            "FROM all_forms f CROSS JOIN (SELECT count(*) = count(DISTINCT (slot, short_digest(text))) AS apart "
            "FROM all_forms) d "
            f"LEFT JOIN things t ON f.state = '{LINKS}' AND f.slot = t.slot AND f.value = t.value",
            ("all_forms", "things"),
        )
    )


def normalise_texts(engine: Engine, name: str, texts: str, specs: Mapping[str, KindSpec]) -> None:
    """Make the table ``name`` (slot, text, value, state) from the table ``texts`` (slot, text).

    Slots, values and states are as in :func:`make_forms`; the value of what is invalid means nothing.
    """
    addresses, readings = _of_slots(k for k, spec in specs.items() if spec.normalise == "ip"), f"{name}_addresses"
    distinct = engine.fetch(f"SELECT DISTINCT text FROM {texts} WHERE {addresses}")
    read = [ip_forms(batch["text"].to_pylist()) for batch in distinct.to_batches(max_chunksize=ADDRESSES)]
    engine.load(readings, pa.concat_tables([IP_FORMS.empty_table(), *read]))
    parts = [
        account_forms_sql(f"(SELECT * FROM {texts} WHERE slot = {literal(ACCOUNT)})"),
        f"SELECT slot, text, r.value, r.state FROM {texts} JOIN {readings} r USING (text) WHERE {addresses}",
    ]
    for normalise in ("text", "hash"):
        chosen = _of_slots(k for k, spec in specs.items() if spec.normalise == normalise)
        parts.append(value_forms_sql(normalise, f"(SELECT * FROM {texts} WHERE {chosen})"))
    engine.run(Step(name, " UNION ALL ".join(parts), (texts, readings)))
    engine.drop(readings)


def _of_slots(kinds: Iterator[str]) -> str:
    listed = ", ".join(literal(kind) for kind in sorted(kinds))
    return f"slot IN ({listed})" if listed else "false"
