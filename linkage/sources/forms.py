"""Each distinct text once: the name it stands for, and whether that links; numbered in byte order of the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from linkage.config import KindSpec
from linkage.engines.step import Engine, Step, literal
from linkage.sources.normalise import (
    LINKS,
    account_forms_sql,
    ip_forms,
    ipv4_forms_sql,
    ipv6_forms_sql,
    usual_ipv6_sql,
    value_forms_sql,
)
from linkage.sources.scan import ACCOUNT


def make_forms(engine: Engine, sources: Sequence[str], specs: Mapping[str, KindSpec]) -> None:
    """Make the table ``forms`` (slot, text, short, value, state, key) from the texts of all sources.

    ``slot`` is the kind, or empty for account ids. ``state`` is `links`, `dull` (a placeholder, a private address) or
    `invalid` (its rows go to the quarantine); ``key`` numbers the (slot, value) that link, in byte order. ``short`` is
    the short_digest by which rows find the text; null in all rows if two texts of a slot have the same one.
    """
    reads = tuple(f"texts_{name}" for name in sources)
    every = " UNION ALL ".join(f"SELECT slot, text FROM {table}" for table in reads)
    engine.run(Step("texts", f"SELECT DISTINCT slot, text FROM ({every})", reads))
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
    looks, others = f"{name}_ip_looks", f"{name}_ip_others"
    looked = f"CASE WHEN is_ipv4(text) THEN 4 WHEN {usual_ipv6_sql('text')} THEN 6 ELSE 0 END"
    addresses = _of_slots(k for k, spec in specs.items() if spec.normalise == "ip")
    engine.run(Step(looks, f"SELECT slot, text, {looked} AS look FROM {texts} WHERE {addresses}", (texts,)))
    unlike = engine.fetch(f"SELECT DISTINCT text FROM {looks} WHERE look = 0")
    engine.load(others, ip_forms(unlike["text"].to_pylist()))
    parts = [
        account_forms_sql(f"(SELECT * FROM {texts} WHERE slot = {literal(ACCOUNT)})"),
        ipv4_forms_sql(f"(SELECT * FROM {looks} WHERE look = 4)"),
        ipv6_forms_sql(f"(SELECT * FROM {looks} WHERE look = 6)"),
        f"SELECT slot, text, o.value, o.state FROM {looks} JOIN {others} o USING (text) WHERE look = 0",
    ]
    for normalise in ("text", "hash"):
        chosen = _of_slots(k for k, spec in specs.items() if spec.normalise == normalise)
        parts.append(value_forms_sql(normalise, f"(SELECT * FROM {texts} WHERE {chosen})"))
    engine.run(Step(name, " UNION ALL ".join(parts), (texts, looks, others)))
    for table in (looks, others):
        engine.drop(table)


def _of_slots(kinds: Iterator[str]) -> str:
    listed = ", ".join(literal(kind) for kind in sorted(kinds))
    return f"slot IN ({listed})" if listed else "false"
