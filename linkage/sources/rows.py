"""Addresses made canonical, repeated ids found, and each row's fate: loaded, duplicate or quarantined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from linkage.engines.step import Engine, Step, literal
from linkage.sources.layout import Group
from linkage.sources.normalise import DULL, INVALID, LINKS, ip_forms, ipv4_forms_sql
from linkage.sources.scan import Value, shown_value

Values = Mapping[str, Sequence[Value]]


def find_ip_forms(engine: Engine, sources: Values) -> None:
    """Make the table ``ip_forms`` (text, value, state): each distinct address of all sources once.

    Plain IPv4 is done by the engine; what is left (IPv6, ports, rubbish) by the ``ipaddress`` library.
    """
    columns = [f"SELECT v{i} AS text FROM scan_{name}" for name, vs in sources.items() for i in _addresses(vs)]
    every = " UNION ALL ".join(columns) or "SELECT NULL::VARCHAR AS text"
    engine.run(
        Step(
            "ip_texts",
            f"SELECT DISTINCT text FROM ({every}) WHERE text IS NOT NULL AND length(text) <= 1024",
            tuple(f"scan_{name}" for name in sources),
        )
    )
    others = engine.fetch("SELECT text FROM ip_texts WHERE NOT is_ipv4(text)")
    engine.load("ip_others", ip_forms(others["text"].to_pylist()))
    engine.run(
        Step("ip_forms", f"{ipv4_forms_sql('ip_texts')} UNION ALL SELECT * FROM ip_others", ("ip_texts", "ip_others"))
    )


def judge_rows(engine: Engine, name: str, values: Sequence[Value], groups: Sequence[Group]) -> None:
    """Make the table ``rows_<name>``: the scan with canonical addresses and ``state``; and ``losers_<name>`` (file, row):
    the rows whose id stands in another row that is kept.
    """
    addresses = _addresses(values)
    joins = " ".join(f"LEFT JOIN ip_forms f{i} ON s.v{i} = f{i}.text" for i in addresses)
    linked = ", ".join(
        f"CASE WHEN f{i}.state = '{LINKS}' THEN f{i}.value END AS v{i}" if i in addresses else f"s.v{i}"
        for i in range(len(values))
    )
    dull = "".join(f" + CAST(coalesce(f{i}.state = '{DULL}', false) AS INTEGER)" for i in addresses)
    engine.run(
        Step(
            f"rows_{name}",
            f"SELECT s.file, s.row, s.account, s.first, s.last, s.n, s.id{', ' + linked if linked else ''}, s.dull{dull} AS dull, "
            f"{_faults(values, addresses)}, {_state(addresses, groups)} AS state FROM scan_{name} s {joins}",
            (f"scan_{name}", "ip_forms"),
        )
    )
    _find_losers(engine, name, values)
    engine.drop(f"scan_{name}")


def _addresses(values: Sequence[Value]) -> list[int]:
    return [i for i, value in enumerate(values) if value.spec.normalise == "ip"]


def _faults(values: Sequence[Value], addresses: Sequence[int]) -> str:
    def chain(column: str, replies: Sequence[str]) -> str:
        cases = "".join(f" WHEN f{i}.state = '{INVALID}' THEN {r}" for i, r in zip(addresses, replies, strict=True))
        return f"CASE WHEN s.fault_reason IS NOT NULL THEN s.{column}{cases} END AS {column}"

    names = [literal(values[i].name) for i in addresses]
    shown = [f"left({shown_value(f's.v{i}', values[i].spec)}, 100)" for i in addresses]
    return ", ".join(
        [
            chain("fault_column", names),
            chain("fault_reason", ["'no IP address'"] * len(addresses)),
            chain("fault_value", shown),
        ]
    )


def _state(addresses: Sequence[int], groups: Sequence[Group]) -> str:
    files = [file for group in groups for file in group.files]
    copies = ", ".join(str(i) for i, file in enumerate(files) if file.copy)
    copied = f"WHEN s.file IN ({copies}) THEN 'duplicate' " if copies else ""
    invalid = "".join(f" OR f{i}.state = '{INVALID}'" for i in addresses)
    return f"CASE {copied}WHEN s.fault_reason IS NOT NULL{invalid} THEN 'quarantined' ELSE 'loaded' END"


def _find_losers(engine: Engine, name: str, values: Sequence[Value]) -> None:
    """Of rows with one id the first by content is kept, so that the order of rows does not matter."""
    content = ", ".join(["account", "first", "last", "n", *(f"v{i}" for i in range(len(values)))])
    engine.run(
        Step(
            f"losers_{name}",
            f"""
            WITH repeated AS (
                SELECT id FROM rows_{name} WHERE state = 'loaded' AND id IS NOT NULL GROUP BY id HAVING count(*) > 1)
            SELECT file, row FROM (
                SELECT file, row, row_number() OVER (PARTITION BY id ORDER BY {content}) AS place
                FROM rows_{name} SEMI JOIN repeated USING (id) WHERE state = 'loaded')
            WHERE place > 1
            """,
            (f"rows_{name}",),
        )
    )
