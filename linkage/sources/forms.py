"""Each distinct text once: the name it stands for, and whether that links; numbered in byte order of the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from linkage.config import KindSpec
from linkage.engines.step import Engine, Step, literal
from linkage.sources.normalise import LINKS, account_forms_sql, ip_forms, ipv4_forms_sql, value_forms_sql
from linkage.sources.scan import LONGEST, Value

ACCOUNT = ""  # the slot of account ids among the kinds
Values = Mapping[str, Sequence[Value]]


def make_forms(engine: Engine, values: Values, specs: Mapping[str, KindSpec]) -> None:
    """Make the table ``forms`` (slot, text, value, state, key) from the scans of all sources.

    ``slot`` is the kind, or empty for account ids. ``state`` is `links`, `dull` (a placeholder, a private address) or
    `invalid` (its rows go to the quarantine); ``key`` numbers the (slot, value) that link, in byte order.
    """
    reads = tuple(f"scan_{name}" for name in values)
    engine.run(Step("texts", f"SELECT DISTINCT slot, text FROM ({_all_texts(values)}) {_FIT}", reads))
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
            "SELECT f.slot, f.text, f.value, f.state, t.key FROM all_forms f "
            f"LEFT JOIN things t ON f.state = '{LINKS}' AND f.slot = t.slot AND f.value = t.value",
            ("all_forms", "things"),
        )
    )


def normalise_texts(engine: Engine, name: str, texts: str, specs: Mapping[str, KindSpec]) -> None:
    """Make the table ``name`` (slot, text, value, state) from the table ``texts`` (slot, text).

    Slots, values and states are as in :func:`make_forms`; the value of what is invalid means nothing.
    """
    addresses = _of_slots(k for k, spec in specs.items() if spec.normalise == "ip")
    others = f"{name}_ip_others"
    unlike = engine.fetch(f"SELECT DISTINCT text FROM {texts} WHERE {addresses} AND NOT is_ipv4(text)")
    engine.load(others, ip_forms(unlike["text"].to_pylist()))
    parts = [
        account_forms_sql(f"(SELECT * FROM {texts} WHERE slot = {literal(ACCOUNT)})"),
        ipv4_forms_sql(f"(SELECT * FROM {texts} WHERE {addresses} AND is_ipv4(text))"),
        f"SELECT slot, text, o.value, o.state FROM {texts} JOIN {others} o USING (text) WHERE {addresses}",
    ]
    for normalise in ("text", "hash"):
        chosen = _of_slots(k for k, spec in specs.items() if spec.normalise == normalise)
        parts.append(value_forms_sql(normalise, f"(SELECT * FROM {texts} WHERE {chosen})"))
    engine.run(Step(name, " UNION ALL ".join(parts), (texts, others)))
    engine.drop(others)


def slots(values: Sequence[Value]) -> list[tuple[str, str]]:
    """The text columns of a scan with their slots: the account's first."""
    return [("account", ACCOUNT), *((f"v{i}", value.column.kind) for i, value in enumerate(values))]


_FIT = f"WHERE text IS NOT NULL AND length(text) <= {LONGEST}"


def _all_texts(values: Values) -> str:
    parts = [
        f"SELECT DISTINCT {literal(slot)} AS slot, {column} AS text FROM scan_{name}"
        for name, of_source in values.items()
        for column, slot in slots(of_source)
    ]
    return " UNION ALL ".join(parts)


def _of_slots(kinds: Iterator[str]) -> str:
    listed = ", ".join(literal(kind) for kind in sorted(kinds))
    return f"slot IN ({listed})" if listed else "false"
