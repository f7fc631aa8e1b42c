"""Repeated ids: which there are, and which of an id's rows counts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from linkage.engines.step import Engine, Step
from linkage.sources.keys import keyed_rows
from linkage.sources.scan import Opened, rows_of

MOST_MARKS = 1 << 28  # so many are looked at at a time: 2 GiB


def find_repeats(engine: Engine, opened: Opened, rows: int) -> bool:
    """Make ``again_<name>`` (mark): the marks of ids that come up more than once; returns whether there are any.

    A mark has 64 bits, so chance may add one (once in 2,000 logs of 135 million ids): whose rows :func:`make_survivors`
    keeps all.
    """
    found = [np.zeros(0, dtype=np.uint64)]
    parts = max(1, -(-rows // MOST_MARKS))
    for part in range(parts if opened.source.id else 0):
        chosen = f"{opened.fresh} AND mark IS NOT NULL AND mark % {parts} = {part}"
        query = f"SELECT mark FROM ({rows_of(engine, opened)}) WHERE {chosen}"
        marks = engine.numbers(Step(f"marks_{opened.name}", query), min(rows, 2 * MOST_MARKS))
        marks.sort()
        found.append(np.unique(marks[1:][marks[1:] == marks[:-1]]))
    again = np.concatenate(found)
    engine.load(f"again_{opened.name}", pa.table({"mark": pa.array(again, pa.uint64())}))
    return len(again) > 0


def make_survivors(engine: Engine, opened: Opened) -> tuple[int, int]:
    """Make ``survivors_<name>``: the rows that count of those whose mark is in ``again_<name>``, by keys of ``forms``.

    Of rows with one id that is the first by content, so that the order of rows does not matter; rows that go to the
    quarantine use up no id. For the columns see :func:`linkage.sources.keys.keyed_rows`. Returns the sound rows, and
    those that are kept.

    Raises:
        InputRefused: a file turns out to be unreadable.
    """
    name = opened.name
    content = ["account", "first", "last", "n", "stop", *(f"e{i}" for i in range(len(opened.values))), "dull"]
    table = f"again_rows_{name}"
    marked = f"SELECT * FROM ({rows_of(engine, opened)}) SEMI JOIN again_{name} USING (mark) WHERE {opened.fresh}"
    engine.scan(Step(table, keyed_rows(engine, opened, marked), ("forms", f"again_{name}")))
    engine.run(
        Step(
            f"survivors_{name}",
            f"SELECT * FROM {table} "
            f"QUALIFY row_number() OVER (PARTITION BY id ORDER BY {', '.join(content)}) = 1",
            (table,),
        )
    )
    sound, kept = (engine.fetch(f"SELECT count(*) AS x FROM {t}")["x"][0].as_py() for t in (table, f"survivors_{name}"))
    engine.drop(table)
    return sound, kept
