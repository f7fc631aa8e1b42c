"""Two accounts side by side."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.errors import NotFound
from linkage.reports import path
from linkage.reports.run import Run
from tests.small_run import ALL, ANSI, OTHERS, RING_IDS, USERS, USES, WITH_KIND, A, B, log_odds, times


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ALL), st.sampled_from(ALL))
def test_shared_entities_with_their_bits_and_symmetry(run: Run, a: str, b: str) -> None:
    if a == b:
        return
    there, back = run.why(a, b), run.why(b, a)
    assert {(r.kind, r.entity): r.bits for r in there.shared.itertuples()} == {
        e: round(math.log2(WITH_KIND[e[0]] / USERS[e]), 3) for e in USES[a] & USES[b]
    }
    assert there.shared.equals(back.shared)
    assert there.same_ring == back.same_ring
    assert [(o.account_id, o.ring_id, o.total) for o in there.odds] == [
        (o.account_id, o.ring_id, o.total) for o in back.odds
    ]
    assert sorted(there.why_not) == sorted(back.why_not)


def test_the_log_odds_of_each_for_both_rings(run: Run) -> None:
    pair = run.why(A[0], B[0])
    assert {(o.account_id, o.ring_id): o.total for o in pair.odds} == pytest.approx(
        {(a, RING_IDS[i]): log_odds(a, i) for a in (A[0], B[0]) for i in (0, 1)}, abs=2e-3
    )


def test_one_ring(run: Run) -> None:
    pair = run.why("casa-0", "casa-1")
    assert pair.same_ring
    assert pair.why_not == []
    bits = sum(math.log2(WITH_KIND[e[0]] / USERS[e]) for e in USES["casa-0"])
    assert pair.why == [
        f"casa-0 and casa-1 share 4 entities of 4 families, worth {bits:.1f} bits.",
        "Both are in R-CCCCCCCCCC.",
    ]


def test_two_rings_and_what_each_lacks(run: Run) -> None:
    pair = run.why(ANSI, B[0])
    name = r"\x1b[31mred\x1b[0m"
    assert pair.why[-1] == f"{name} is in R-AAAAAAAAAA. beta-0 is in R-BBBBBBBBBB."
    mine = next(o for o in pair.odds if (o.account_id, o.ring_id) == (ANSI, "R-BBBBBBBBBB"))
    assert pair.why_not[0] == f"{name} lacks {-log_odds(ANSI, 1):.1f} bits for R-BBBBBBBBBB: {mine.summed}."
    assert f"{name} uses none of the ring's device entities, worth 9.2 bits." in pair.why_not
    lacks = f"beta-0 lacks {-log_odds('beta-0', 0):.1f} bits for R-AAAAAAAAAA: "
    assert any(line.startswith(lacks) for line in pair.why_not)


def test_nothing_shared_but_a_chain(run: Run) -> None:
    pair = run.why(OTHERS[30], OTHERS[32])
    assert pair.why == [
        "u0030 and u0032 share no entity.",
        "The shortest chain between them leads over 2 entities.",
        "u0030 is in no ring. u0032 is in no ring.",
    ]
    assert pair.why_not == ["No ring holds either of them."]
    assert pair.card().data()["path"][0]["entity"] == "dev-pair"


def test_no_chain_within_the_limits(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "WIDEST", 10)
    pair = run.why(OTHERS[40], OTHERS[51])
    assert pair.why[1] == "No chain of up to 6 entities, each used by 1,000 accounts or fewer, joins them."
    assert pair.card().data()["path"] == []


def test_an_address_that_changed_hands(run: Run) -> None:
    shared = run.why("alpha-00", OTHERS[1]).shared.iloc[0]
    ended, begun = times(OTHERS[1])[2], times("alpha-00")[1]
    assert shared["days_apart"] == (begun.date() - ended.date()).days > 100
    assert shared[["both_from", "both_until"]].isna().all()
    together = run.why("casa-0", "casa-1").shared
    assert (together["days_apart"] == 0).all()
    assert (together["both_from"] == max(times("casa-0")[1], times("casa-1")[1])).all()
    assert (together["both_until"] == min(times("casa-0")[2], times("casa-1")[2])).all()


def test_the_same_account_twice_is_refused(run: Run) -> None:
    with pytest.raises(NotFound) as caught:
        run.why("casa-0", "casa-0")
    assert str(caught.value) == "'casa-0' is named twice. Name two different accounts."


@pytest.mark.parametrize(
    ("a", "b"), [(A[0], B[0]), ("casa-0", "casa-1"), (OTHERS[30], OTHERS[32]), (OTHERS[40], OTHERS[51])]
)
def test_the_card_is_json_and_its_names_do_not_collide(run: Run, a: str, b: str) -> None:
    card = run.why(a, b).card()
    data: dict[str, Any] = json.loads(json.dumps(card.data(), default=str))
    assert len(data) == len(card.facts) + len(card.tables) + len(card.notes)
    assert (data["a"], data["b"]) == (a, b)


def test_what_they_share_is_placed_in_their_rings(run: Run) -> None:
    one = run.why("casa-0", "casa-1").shared
    assert one["ring_accounts"].tolist() == [4] * 4
    assert set(one[one["kind"] != "prompt_template"]["profile_of"]) == {"R-CCCCCCCCCC"}
    two = run.why(A[0], B[0]).shared.set_index("entity")
    assert two["profile_of"].tolist() == ["R-AAAAAAAAAA, R-BBBBBBBBBB"] * len(two)
    assert two["ring_accounts"].isna().all()
    none = run.why(OTHERS[30], OTHERS[31]).shared
    assert none["profile_of"].isna().all()


def test_of_the_kinds_of_a_family_the_best_counts(run: Run) -> None:
    pair = run.why("casa-0", "casa-1")
    assert pair.by_family["bits"].sum() == pytest.approx(pair.shared["bits"].sum(), abs=0.01)
    twice = pair.shared.assign(family="network")
    merged = type(pair)(pair.a, pair.b, twice, pair.odds, None).by_family
    assert merged[["family", "entities"]].to_numpy().tolist() == [["network", 4]]
    assert merged["bits"].item() == pytest.approx(pair.shared.groupby("kind")["bits"].sum().max(), abs=1e-3)
