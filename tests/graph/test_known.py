from __future__ import annotations

import pyarrow as pa

from linkage.graph import known_of
from linkage.model import ACCOUNTS, ENTITIES, LABELS

NAMES = ["ann", "bob", "cy"]


def accounts() -> pa.Table:
    rows = [{"account": i, "account_id": name} for i, name in enumerate(NAMES)]
    return pa.Table.from_pylist(rows, schema=ACCOUNTS)


def labels(*pairs: tuple[str, str]) -> pa.Table:
    return pa.Table.from_pylist([{"account_id": a, "label": label} for a, label in pairs], schema=LABELS)


def entities(*contexts: str | None) -> pa.Table:
    rows = [{"entity": 10 + i, "kind": "ip", "value": str(i), "context": c} for i, c in enumerate(contexts)]
    return pa.Table.from_pylist(rows, schema=ENTITIES)


def test_labels_and_lists_by_number() -> None:
    told = labels(("bob", "staff"), ("zoe", "banned"), ("ann", "group:x"), ("bob", "honest"))
    known = known_of(told, accounts(), entities("vpn", None, "home"))
    assert known is not None
    assert list(zip(known.account.tolist(), known.label, strict=True)) == [(1, "staff"), (0, "group:x"), (1, "honest")]
    assert list(zip(known.entity.tolist(), known.context, strict=True)) == [(10, "vpn"), (12, "home")]


def test_one_of_them_is_enough_and_none_is_needed() -> None:
    assert known_of(labels(), accounts(), entities(None)) is None
    assert known_of(labels(("zoe", "staff")), accounts(), entities()) is None, "the logs do not have her"
    for known in (known_of(labels(("cy", "staff")), accounts(), entities()),
                  known_of(labels(), accounts(), entities("vpn"))):  # fmt: skip
        assert known is not None
        assert len(known.account) + len(known.entity) == 1
