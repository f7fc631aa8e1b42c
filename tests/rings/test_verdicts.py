from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from linkage.model import Verdict
from linkage.rings import verdicts as module
from linkage.rings.features import Features
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


def without(features: Features, *names: str) -> Features:
    """The same ring with nothing shared in these families."""
    return replace(features, families={**features.families, **{name: view(NOTHING) for name in names}})


def test_suspicion_needs_two_families() -> None:
    one_family = without(SUSPECT_RING, "network", "payment")
    assert verdict_of(SUSPECT_RING)[0] == "suspect"
    assert verdict_of(one_family)[0] != "suspect"
    cards = ring(40, payment=shared(400, 5, 12), network=shared(6, 4, 2), device=shared(6, 4, 2))
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


def test_many_rings_at_once_are_judged_one_by_one() -> None:
    names = list(SUSPECT_RING.families)
    rings = [f for _, _, f in PROTOTYPES if set(f.families) == set(names)]
    together = Features(
        np.concatenate([f.size for f in rings]),
        np.concatenate([f.bits for f in rings]),
        {
            name: type(rings[0].families[name])(
                *(
                    np.concatenate([getattr(f.families[name], field) for f in rings])
                    for field in rings[0].families[name].__dataclass_fields__
                )
            )
            for name in names
        },
        np.concatenate([f.burst for f in rings]),
        np.concatenate([f.rush for f in rings]),
        np.concatenate([f.support for f in rings]),
    )
    made = judge(together, Grounds(np.ones(len(rings)), np.full(len(rings), 500.0)))
    alone = [verdict_of(f) for f in rings]
    assert list(zip(made.verdict, made.runner_up, made.reasons, strict=True)) == alone


@pytest.mark.parametrize(("constant", "value"), [("FITS", 1.01), ("HALF", 1.01)])
def test_each_constant_decides(monkeypatch: pytest.MonkeyPatch, constant: str, value: float) -> None:
    assert verdict_of(SUSPECT_RING)[0] == "suspect"
    monkeypatch.setattr(module, constant, value)
    assert verdict_of(SUSPECT_RING)[0] != "suspect"


def kept(features: Features, support: float, verdict: Verdict, forgeable: list[str]) -> bool:
    words = Verdicts([str(verdict)], ["undetermined"], [""])
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
    none = Features(np.zeros(0), np.zeros(0), {}, np.zeros(0), np.zeros(0), np.zeros(0))
    assert judge(none, Grounds(np.zeros(0), np.zeros(0))) == Verdicts([], [], [])
