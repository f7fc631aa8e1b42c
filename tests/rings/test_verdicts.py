from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest

from linkage.model import Verdict
from linkage.rings import verdicts as module
from linkage.rings.features import Features, Members
from linkage.rings.loads import Evenness
from linkage.rings.told import nothing_told
from linkage.rings.verdicts import Grounds, Verdicts, is_ring, judge
from tests.rings.test_explanations import NOTHING, ONE_MACHINE, PROTOTYPES, fits, ring, shared, view

SUSPECT_RING = PROTOTYPES[0][2]


def prototype(name: str) -> Features:
    return next(features for known, _, features in PROTOTYPES if known == name)


def verdict_of(features: Features, support: float = 1.0, firm: float = 500.0) -> tuple[str, str, str]:
    made = judge(features, Grounds(np.array([support]), np.array([firm])))
    return made.verdict[0], made.runner_up[0], made.reasons[0]


@pytest.mark.parametrize(("name", "verdict", "features"), PROTOTYPES, ids=[name for name, _, _ in PROTOTYPES])
def test_prototypes_get_their_verdict(name: str, verdict: Verdict, features: Features) -> None:
    assert verdict_of(features)[0] == verdict


@pytest.mark.parametrize(("name", "features"), ONE_MACHINE, ids=[name for name, _ in ONE_MACHINE])
def test_many_accounts_on_one_machine_are_undetermined(name: str, features: Features) -> None:
    assert verdict_of(features)[:2] == ("undetermined", "suspect")


def test_reasons_name_families_and_fits() -> None:
    verdict, runner_up, reasons = verdict_of(prototype("a household"))
    assert (verdict, runner_up) == ("household", "organisation")
    assert reasons.startswith("evidence in 2 families; fit: household 1.00")
    assert verdict_of(ring(20, payment=shared(50, 2, 9, join=0.2)))[2].startswith("evidence in 1 family; ")
    assert verdict_of(ring(20, payment=NOTHING))[2] == "evidence in 0 families; no explanation fits"


def test_reasons_say_what_the_user_told() -> None:
    told = replace(SUSPECT_RING.told, said=["; labels clear 3 of 80 members"])
    assert verdict_of(replace(SUSPECT_RING, told=told))[2].endswith("; labels clear 3 of 80 members")


def without(features: Features, *names: str) -> Features:
    """The same ring with nothing shared in these families."""
    return replace(features, families={**features.families, **{name: view(NOTHING) for name in names}})


def test_suspicion_needs_two_families() -> None:
    one_family = without(SUSPECT_RING, "network", "payment")
    assert verdict_of(SUSPECT_RING)[0] == "suspect"
    assert verdict_of(one_family)[0] != "suspect"
    weak, crossing = shared(6, 4, 2), shared(400, 5, 12, several=0.4)
    cards = ring(40, even=60, payment=crossing, network=weak, device=weak, content=NOTHING)
    assert fits(cards)[Verdict.SUSPECT] == 1, "it looks like one"
    assert verdict_of(cards)[0] != "suspect", "12 bits beside the cards, but of two families"


def test_suspicion_needs_a_family_that_nobody_can_forge() -> None:
    assert verdict_of(SUSPECT_RING, firm=10.0)[0] != "suspect"
    assert verdict_of(SUSPECT_RING, firm=10.1)[0] == "suspect"


def test_suspicion_needs_the_support_of_half_the_members() -> None:
    assert verdict_of(SUSPECT_RING, support=0.49)[0] != "suspect"
    assert verdict_of(SUSPECT_RING, support=0.5)[0] == "suspect"


def test_what_nothing_fits_is_undetermined() -> None:
    nothing_fits = ring(20, payment=NOTHING, network=NOTHING, device=NOTHING, content=shared(200, 15, 6))
    assert verdict_of(nothing_fits)[:2] == ("undetermined", "undetermined")


def test_a_weak_fit_is_the_runner_up_of_undetermined() -> None:
    office = prototype("an office where each pays with a card of their own")
    half = replace(office, families={**office.families, "network": view(shared(300, 25, 1))})
    assert verdict_of(office)[0] == "organisation"
    assert verdict_of(half)[:2] == ("undetermined", "organisation")


def test_the_fits_of_verdict_and_runner_up_are_given_as_numbers() -> None:
    household = prototype("a household")
    made = judge(household, Grounds(np.ones(1), np.full(1, 500.0)))
    assert (made.fit.tolist(), made.runner_up_fit.tolist()) == ([1.0], [fits(household)[Verdict.ORGANISATION]])
    office = prototype("an office where each pays with a card of their own")
    half = judge(
        replace(office, families={**office.families, "network": view(shared(300, 25, 1))}),
        Grounds(np.ones(1), np.full(1, 500.0)),
    )
    assert np.isnan(half.fit).all(), "nothing fits an undetermined ring"
    assert half.runner_up_fit.tolist() == [pytest.approx(0.8 * 0.125 / 0.3, abs=1e-3)], "25 of 40 on one address"
    none = judge(ring(20, payment=NOTHING), Grounds(np.ones(1), np.full(1, 500.0)))
    assert np.isnan([none.fit, none.runner_up_fit]).all()


def joined(parts: list[Any]) -> Any:
    """The same dataclass or mapping of arrays, with the arrays of all parts one after another."""
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if isinstance(first, list):
        return list(chain.from_iterable(parts))
    if isinstance(first, dict):
        return {key: joined([part[key] for part in parts]) for key in first}
    return type(first)(*(joined([getattr(part, name) for part in parts]) for name in first.__dataclass_fields__))


def test_many_rings_at_once_are_judged_one_by_one() -> None:
    names = set(SUSPECT_RING.families)
    rings = [f for _, _, f in PROTOTYPES if set(f.families) == names]
    together = joined(rings)
    made = judge(together, Grounds(np.ones(len(rings)), np.full(len(rings), 500.0)))
    alone = [verdict_of(f) for f in rings]
    assert list(zip(made.verdict, made.runner_up, made.reasons, strict=True)) == alone


@pytest.mark.parametrize(("constant", "value"), [("FITS", 1.01), ("HALF", 1.01)])
def test_each_constant_decides(monkeypatch: pytest.MonkeyPatch, constant: str, value: float) -> None:
    assert verdict_of(SUSPECT_RING)[0] == "suspect"
    monkeypatch.setattr(module, constant, value)
    assert verdict_of(SUSPECT_RING)[0] != "suspect"


def kept(features: Features, support: float, verdict: Verdict, forgeable: list[str]) -> bool:
    words = Verdicts([str(verdict)], ["undetermined"], [""], np.ones(1), np.ones(1))
    return bool(is_ring(features, np.array([support]), words, forgeable)[0])


def test_crowds_around_popular_prompts_are_no_rings() -> None:
    crowd = ring(200, payment=NOTHING, network=NOTHING, content=shared(300, 50, 4))
    forgeable = ["content", "device"]
    assert not kept(crowd, 0.1, Verdict.UNDETERMINED, forgeable)
    assert kept(crowd, 0.5, Verdict.UNDETERMINED, forgeable), "half of them are tied by something else"
    assert kept(crowd, 0.1, Verdict.HOUSEHOLD, forgeable), "there is an explanation to tell"
    assert kept(crowd, 0.1, Verdict.UNDETERMINED, ["device"]), "nobody can forge it"
    alone = ring(200, content=shared(300, 50, 4))
    assert kept(alone, 0.0, Verdict.UNDETERMINED, forgeable), "there is nothing else to see"


def test_no_rings() -> None:
    nothing = np.zeros(0)
    members = Members(nothing, nothing, nothing, Evenness(nothing, nothing), nothing)
    none = Features(nothing, nothing, {}, members, nothing_told(0), nothing)
    assert judge(none, Grounds(nothing, nothing)).verdict == []
