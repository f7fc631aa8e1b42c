"""One entity."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from linkage.reports.run import Run
from tests.small_run import EVIL_CARD, EVIL_TEMPLATE, LINKS, RING_IDS, RINGS, USERS, WITH_KIND, times


@pytest.mark.parametrize(
    "entity",
    [("ip", "198.51.100.7"), ("payment_method", EVIL_CARD), ("prompt_template", EVIL_TEMPLATE), ("ip", "10.9.0.1")],
)
def test_users_and_rarity(run: Run, entity: tuple[str, str]) -> None:
    found = run.entity(":".join(entity))
    assert found.row["all_accounts"] == USERS[entity]
    assert found.row["all_accounts_with_kind"] == WITH_KIND[entity[0]]
    assert found.row["bits"] == pytest.approx(math.log2(WITH_KIND[entity[0]] / USERS[entity]), abs=1e-3)
    users = sorted(a for a, kind, value in LINKS if (kind, value) == entity)
    assert sorted(found.accounts()["account_id"]) == users
    in_rings = {RING_IDS[i]: sum(a in ring for a in users) for i, ring in enumerate(RINGS)}
    assert dict(zip(found.rings["ring_id"], found.rings["ring_accounts"], strict=True)) == {
        ring_id: n for ring_id, n in in_rings.items() if n
    }
    assert found.card().facts["accounts_in_no_ring"] == len(users) - sum(in_rings.values())


def test_whether_a_ring_rests_on_it(run: Run) -> None:
    assert run.entity("ip:198.51.100.7").rings["in_profile"].tolist() == [True]
    assert run.entity("payment_method:card-a1").rings["in_profile"].tolist() == [True]  # by the pool
    assert run.entity("prompt_template:popular-0").rings["in_profile"].tolist() == [False]


def test_accounts_are_limited_by_the_query(run: Run) -> None:
    card = run.entity("ip:198.51.100.7").card(top=3)
    assert len(card.tables["accounts"]) == 3
    assert card.tables["accounts"]["n"].is_monotonic_decreasing
    assert card.title == "Entity ip:198.51.100.7"
    assert len(card.data()) == len(card.facts) + len(card.tables) + len(card.notes)


def test_when_its_users_were_created(run: Run) -> None:
    users = [a for a, kind, value in LINKS if (kind, value) == ("payment_method", EVIL_CARD)]
    created = sorted(moment for a in users if (moment := times(a)[0]))
    assert created[-1] - created[0] < timedelta(days=7)
    assert run.entity(f"payment_method:{EVIL_CARD}").creations == [
        f"{len(users)} of the {len(users)} whose creation is known were created within 60 hours, "
        "between 22 April 2026 and 24 April 2026 (UTC)."
    ]
    told = run.entity("ip:203.0.113.5").accounts()  # ring D has no creations, one other user has
    assert told["created"].notna().sum() == 1
    assert run.entity("ip:203.0.113.5").creations == []
