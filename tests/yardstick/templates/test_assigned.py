from __future__ import annotations

import pyarrow as pa

from linkage.yardstick.templates.assigned import assigned, ids_of
from linkage.yardstick.templates.levels import LEVELS

PROMPTS = pa.table({
    "account": ["a", "b", "c", "d", "e", "f"],
    "prompt": [f"Translate the following letter of {n} words into plain English for me, please." for n in range(10, 15)]
    + ["Something else that nobody else asks for, in words that come nowhere else."],
})  # fmt: skip


def test_every_row_has_its_ids_level_by_level() -> None:
    ids = assigned(PROMPTS).to_pandas()
    assert [name for name in ids.columns if name in LEVELS] == list(LEVELS)
    assert len(ids) == len(PROMPTS)
    assert ids["exact"].nunique() == 6
    assert ids["masked"][:5].nunique() == 1
    assert ids["masked"][5] != ids["masked"][0]
    assert ids["family"][:5].nunique(dropna=False) == 1


def test_chunks_and_earlier_calls_change_nothing() -> None:
    chunks = pa.concat_tables([PROMPTS.slice(0, 2), PROMPTS.slice(2)])
    assert assigned(chunks).equals(assigned(PROMPTS))


def test_only_the_levels_that_are_asked_for() -> None:
    (batch,) = ids_of(lambda: iter(PROMPTS.combine_chunks().to_batches()), ("masked",))
    assert [name for name in batch.schema.names if name in LEVELS] == ["masked"]
