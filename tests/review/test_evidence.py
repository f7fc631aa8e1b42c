from __future__ import annotations

import re

import pandas as pd
import pytest

from linkage.model import Verdict
from linkage.reports.run import Run
from linkage.review import evidence as module
from linkage.review.draw import ACCOUNT, CONTROL, PAIR, Plan, draw
from linkage.review.evidence import Item, describe
from tests.small_run import ALL, ANSI, BIDI, OTHERS, RINGS, USERS, USES, WITH_KIND, A, B, C, times


def item(run: Run, a: str, other: str | None = None, ring: int | None = None) -> Item:
    """The item of two accounts, or of an account beside a ring."""
    question = PAIR if other else ACCOUNT
    numbers = {"account": ALL.index(a), "other": ALL.index(other) if other else None, "ring": ring}
    asked = pd.DataFrame([{"question": question, **numbers}]).astype(dict.fromkeys(numbers, "Int64"))
    return describe(run.store, asked)[0]


def uses(account: str) -> str:
    n = 1 + ALL.index(account) % 5
    return f"{n} use" if n == 1 else f"{n} uses"


def test_a_pair_in_words(run: Run) -> None:
    told = item(run, C[0], C[1])
    created, first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in times(C[0]) if moment)
    assert told.about[0] == (
        f"A is the account casa-0: created {created}; seen from {first} to {last}; "
        f"{100 + ALL.index(C[0])} exchanges; uses 1 device, 1 ip, 1 payment_method, 1 prompt_template."
    )
    assert told.about[1].startswith(f"B is the account casa-1: created {times(C[1])[0]:%Y-%m-%d %H:%M}; ")
    assert sorted(row.entity for row in told.rows) == [
        "device dev-c", "ip 192.0.2.9", "payment_method card-c", "prompt_template popular-1"
    ]  # fmt: skip
    _, first_b, last_b = (f"{moment:%Y-%m-%d %H:%M}" for moment in times(C[1]) if moment)
    assert next(row.text for row in told.rows if row.entity == "ip 192.0.2.9") == (
        f"ip 192.0.2.9: used by 4 of the {WITH_KIND['ip']} accounts with any ip. "
        f"A: {uses(C[0])} from {first} to {last}. B: {uses(C[1])} from {first_b} to {last_b}."
    )
    rarity = [USERS[kind, value] / WITH_KIND[kind] for kind, value in (r.entity.split(" ") for r in told.rows)]
    assert rarity == sorted(rarity)


def test_shared_entities_are_all_that_both_use_with_their_users(run: Run) -> None:
    for a, b in ((A[8], A[9]), (B[0], B[4]), (OTHERS[30], OTHERS[31])):
        rows = {row.entity.split(" (in")[0]: row for row in item(run, a, b).rows}
        assert set(rows) == {f"{kind} {value}" for kind, value in USES[a] & USES[b]}
        for kind, value in USES[a] & USES[b]:
            told = rows[f"{kind} {value}"].everywhere
            assert told == f"{USERS[kind, value]} of the {WITH_KIND[kind]} accounts with any {kind}"


def test_those_who_share_nothing_are_said_to(run: Run) -> None:
    told = item(run, OTHERS[30], C[3])
    assert (told.rows, told.about[-1]) == ((), "They share nothing directly.")


@pytest.mark.parametrize(("account", "number"), [(A[8], 0), (B[0], 1), (OTHERS[0], 0)])
def test_an_account_beside_a_ring_as_counted_by_hand(run: Run, account: str, number: int) -> None:
    told = item(run, account, ring=number)
    others = [b for b in RINGS[number] if b != account]
    assert told.about[1].startswith(f"The others are {len(others)} accounts, such as ")
    used = {e: sum(e in USES[b] for b in others) for e in USERS}
    mine = {f"{k} {v}" for (k, v), n in used.items() if n and (k, v) in USES[account]}
    theirs = {f"{k} {v}" for (k, v), n in used.items() if n >= 2 and (k, v) not in USES[account]}
    rows = {row.entity.split(" (in")[0]: row for row in told.rows}
    assert {name for name, row in rows.items() if row.a != "does not use it"} == mine
    assert {name for name, row in rows.items() if row.a == "does not use it"} <= theirs
    assert sum(row.a == "does not use it" for row in told.rows) == min(len(theirs), module.BESIDE)
    for (kind, value), n in used.items():
        if (row := rows.get(f"{kind} {value}")) is not None:
            assert row.b.startswith(f"{n} of {len(others)} use it, from 20")
    common = [n for (kind, _), n in used.items() if kind == "payment_method" and n >= 2]
    least, most = min(common), max(common)
    each = f"{least}" if least == most else f"{least} to {most}"
    assert f"{len(common)} payment_method ({each} of them each)" in told.about[2]


def test_the_rarest_come_first_and_long_lists_are_cut(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = item(run, A[8], ring=0)
    monkeypatch.setattr(module, "SHARED", 1)
    monkeypatch.setattr(module, "BESIDE", 2)
    cut = item(run, A[8], ring=0)
    assert cut.rows[0] == whole.rows[0]
    assert [row.a == "does not use it" for row in cut.rows] == [False, True, True]


def test_lists_of_networks_are_named(run: Run) -> None:
    told = [row.entity for row in item(run, A[8], A[9]).rows if row.entity.startswith("ip ")]
    assert told == ["ip 198.51.100.7 (in the list 'vpn')"]


def test_hostile_names_are_shown_as_codes(run: Run) -> None:
    told = item(run, ANSI, BIDI)
    assert "A is the account \\x1b[31mred\\x1b[0m:" in told.text
    assert "\\u202e" in told.about[1]
    assert all(c.isprintable() or c == "\n" for c in told.text)


def test_nothing_tells_what_the_run_thinks(run: Run) -> None:
    items = draw(run.store, Plan(40, 1))
    told = "\n".join(one.text for one in describe(run.store, items)).lower()
    roles = ("core", "periphery", "bystander")
    for word in (*Verdict, CONTROL, *roles, "likelihood", "bits", "r-aaaa", "op-aaaa", "ring "):
        assert not re.search(rf"(?<![\w-]){re.escape(str(word))}", told), word


def test_items_are_numbered_in_their_order(run: Run) -> None:
    items = draw(run.store, Plan(40, 1))
    assert [one.name for one in describe(run.store, items)] == [f"item-{n:04d}" for n in range(1, len(items) + 1)]
