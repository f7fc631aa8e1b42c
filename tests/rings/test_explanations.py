from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from linkage.model import Verdict
from linkage.rings import explanations as module
from linkage.rings.explanations import EXPLANATIONS, HINT, OPEN, SCRIPTED, falling, rising
from linkage.rings.features import FamilyView, Features, Members
from linkage.rings.loads import Evenness
from linkage.rings.told import nothing_told
from linkage.rings.verdicts import FITS

Numbers = dict[str, float]
NOTHING: Numbers = {"present": 1.0}  # all have the kind, none of it is shared


def view(numbers: Numbers) -> FamilyView:
    return FamilyView(**{name: np.array([numbers.get(name, 0.0)]) for name in FamilyView.__dataclass_fields__})


def ring(
    size: float,
    burst: float = 0.0,
    *,
    rush: float = 0.0,
    even: float = 0.0,
    heavy: float = 1.0,
    whole: float = 1.0,
    **families: Numbers,
) -> Features:
    """One ring; families that are not named do not exist in the data, ``even`` are the bits of loads alike."""
    views = {name: view(numbers) for name, numbers in families.items()}
    bits = np.array([sum(v.bits[0] for v in views.values())])
    alike = Evenness(np.array([even]), np.array([0.6 if even else np.inf]))
    members = Members(np.array([burst]), np.array([rush]), np.ones(1), alike, np.array([heavy]))
    return Features(np.array([size]), bits, views, members, nothing_told(1), np.array([whole]))


def shared(bits: float, top: float, entities: float = 1, **more: float) -> Numbers:
    """A family that all members have and take part in, nearly all of whose links lead into the profile."""
    usual = {"present": 1.0, "join": 1.0, "purity": 0.9, "exclusive": 1.0, "several": 0.0, "meeting": 1.0}
    return {**usual, "bits": bits, "top": top, "entities": entities, "places": entities, **more}


CROSSED = shared(400, 5, 20, several=0.4)
PROTOTYPES: list[tuple[str, Verdict, Features]] = [
    (
        "many cards that cross, one set of templates",
        Verdict.SUSPECT,
        ring(80, payment=shared(400, 5, 20, several=0.4), network=shared(300, 20, 30), content=shared(500, 40, 8)),
    ),
    (
        "cards of one's own, equal loads, one set of templates",
        Verdict.SUSPECT,
        ring(80, even=60, payment=NOTHING, network=shared(300, 20, 30), device=NOTHING, content=shared(500, 40, 8)),
    ),
    (
        "a household",
        Verdict.HOUSEHOLD,
        ring(4, payment=shared(30, 4, 1), network=shared(40, 4, 1), device=NOTHING, content=NOTHING),
    ),
    (
        "one person's accounts",
        Verdict.OWN_ACCOUNTS,
        ring(3, payment=shared(25, 3, 1), network=NOTHING, device=shared(30, 3, 1), content=shared(30, 3, 3)),
    ),
    (
        "a company on one card",
        Verdict.ORGANISATION,
        ring(60, payment=shared(500, 55, 2), network=shared(400, 58, 2), device=NOTHING, content=shared(200, 20, 10)),
    ),
    (
        "an office where each pays with a card of their own",
        Verdict.ORGANISATION,
        ring(40, payment=NOTHING, network=shared(300, 39, 1), device=NOTHING, content=shared(60, 15, 4, purity=0.3)),
    ),
    (
        "a campus",
        Verdict.CAMPUS,
        ring(250, payment=NOTHING, network=shared(900, 80, 12), content=shared(300, 60, 8, join=0.7, purity=0.5)),
    ),
    (
        "customers of a VPN",
        Verdict.SHARED_NETWORK,
        ring(300, payment=NOTHING, network=shared(2_000, 90, 20), content=shared(40, 20, 3, join=0.1, purity=0.3)),
    ),
]

# What a factory's sign-ups look like, and those of a class-room, a kiosk or an office too
ONE_MACHINE: list[tuple[str, Features]] = [
    ("thirty within the hour on one device and address", ring(30, 1, network=shared(300, 30), device=shared(330, 30))),
    ("twelve on one device and address", ring(12, network=shared(60, 12), device=shared(120, 12))),
    ("six on one device behind ten addresses", ring(6, 1.0, network=shared(90, 3, 10), device=shared(60, 6))),
    ("four within the hour on one device and address", ring(4, 1.0, network=shared(30, 4), device=shared(35, 4))),
]


def fits(features: Features) -> dict[Verdict, float]:
    return {name: float(explanation(features)[0]) for name, explanation in EXPLANATIONS.items()}


@pytest.mark.parametrize(("name", "verdict", "features"), PROTOTYPES, ids=[name for name, _, _ in PROTOTYPES])
def test_each_prototype_is_explained_best_by_its_own(name: str, verdict: Verdict, features: Features) -> None:
    made = fits(features)
    assert max(made, key=lambda v: made[v]) == verdict, made
    assert made[verdict] >= 0.5
    assert sorted(made.values())[-1] > sorted(made.values())[-2], made


def test_every_innocent_verdict_has_an_explanation() -> None:
    assert set(EXPLANATIONS) == set(Verdict) - {Verdict.UNDETERMINED}


@pytest.mark.parametrize("verdict", list(EXPLANATIONS))
def test_each_tells_the_reader_what_it_means(verdict: Verdict) -> None:
    text = " ".join((EXPLANATIONS[verdict].__doc__ or "").split())
    assert len(text) > 40
    assert text.endswith(".")
    assert ":" in text, "a name, a colon, the description"


@pytest.mark.parametrize("verdict", list(EXPLANATIONS))
def test_fits_are_shares(verdict: Verdict) -> None:
    dice = np.random.default_rng(3)
    for _ in range(300):
        size = float(dice.integers(3, 400))
        families = {
            name: {
                "bits": float(dice.choice([0, 5, 50, 500])),
                "present": float(dice.random()),
                "join": float(dice.random()),
                "purity": float(dice.random()),
                "top": float(dice.integers(0, int(size) + 1)),
                "entities": float(dice.integers(0, 40)),
                "exclusive": float(dice.random()),
                "several": float(dice.random()),
                "meeting": float(dice.random()),
                "places": float(dice.integers(0, 40)),
            }
            for name in ("payment", "network", "device", "content", "timing")
            if dice.random() < 0.8
        }
        even = float(dice.choice([0, 5, 50]))
        fit = EXPLANATIONS[verdict](ring(size, float(dice.random()), even=even, **families))
        assert fit.shape == (1,)
        assert 0 <= fit[0] <= 1


@pytest.mark.parametrize("verdict", list(EXPLANATIONS))
def test_nothing_shared_is_explained_by_nothing(verdict: Verdict) -> None:
    nothing = ring(20, payment=NOTHING, network=NOTHING, device=NOTHING, content=NOTHING)
    assert EXPLANATIONS[verdict](nothing)[0] == 0
    assert EXPLANATIONS[verdict](ring(20))[0] == 0, "no family at all"


def test_ramps() -> None:
    assert rising([0, 2, 3, 4, 9], 2, 4).tolist() == [0, 0, 0.5, 1, 1]
    assert falling([0, 2, 3, 4, 9], 2, 4).tolist() == [1, 1, 0.5, 0, 0]


@pytest.mark.parametrize(("name", "features"), ONE_MACHINE, ids=[name for name, _ in ONE_MACHINE])
def test_one_machine_is_explained_by_nothing_and_hints_at_one_pair_of_hands(name: str, features: Features) -> None:
    made = fits(features)
    assert max(made.values()) == made[Verdict.SUSPECT] == OPEN < FITS, made


@pytest.mark.parametrize("size", [3.0, 8.0, 30.0])
def test_sign_ups_on_one_machine_faster_than_people_type_are_suspect(size: float) -> None:
    one = {"network": shared(10 * size, size), "device": shared(11 * size, size)}
    scripted, by_hand = (fits(ring(size, 1.0, rush=rush, **one)) for rush in (1.0, 0.5))
    assert max(scripted, key=lambda v: scripted[v]) == Verdict.SUSPECT
    assert scripted[Verdict.SUSPECT] == SCRIPTED
    assert by_hand[Verdict.SUSPECT] <= OPEN < FITS, "a class-room's within a few minutes"
    paid = fits(ring(size, 1.0, rush=1.0, payment=shared(0, 0, 0, join=0.0), **one))
    assert paid[Verdict.SUSPECT] == 0, "each with a card of their own"


def test_addresses_and_devices_alone_never_make_a_suspect() -> None:
    dice = np.random.default_rng(4)
    fit = []
    for _ in range(500):
        size = float(dice.integers(3, 5_000))
        network, device = (
            shared(float(dice.choice([50, 5_000])), size * dice.random(), float(dice.integers(1, 40)))
            for _ in range(2)
        )  # fmt: skip
        fit.append(fits(ring(size, dice.random(), network=network, device=device))[Verdict.SUSPECT])
    assert max(fit) == OPEN


def test_within_the_hour_few_accounts_are_half_as_likely_a_person_s_or_a_family_s() -> None:
    late, early = (ring(4, burst, network=shared(30, 4), device=shared(35, 4)) for burst in (1.0, 0.5))
    for verdict in (Verdict.OWN_ACCOUNTS, Verdict.HOUSEHOLD):
        assert fits(early)[verdict] >= FITS
        assert fits(late)[verdict] == pytest.approx(fits(early)[verdict] / 2)


def test_an_openly_shared_card_is_no_concealment() -> None:
    """The same ring with one card instead of twenty is a company's."""
    suspect = PROTOTYPES[0][2]
    open_card = replace(suspect, families={**suspect.families, "payment": view(shared(400, 78, 1))})
    before, after = fits(suspect), fits(open_card)
    assert before[Verdict.SUSPECT] > before[Verdict.ORGANISATION]
    assert after[Verdict.ORGANISATION] > after[Verdict.SUSPECT] == 0


NO_MARK: dict[str, Numbers] = {
    "payment": NOTHING,
    "network": shared(300, 20, 30),
    "content": shared(300, 40, 8, purity=0.4),
}
MARKS: dict[str, dict[str, Any]] = {
    "methods that cross": {"payment": CROSSED},
    "equal loads": {"even": 40.0},
    "one pipeline": {"content": shared(300, 40, 8)},
    "hand-offs": {"timing": shared(0, 3, 30, meeting=0.4)},
}


@pytest.mark.parametrize("marks", list(combinations(MARKS, 2)))
def test_any_two_marks_make_a_suspect_and_one_does_not(marks: tuple[str, str]) -> None:
    one, two = (MARKS[name] for name in marks)
    assert fits(ring(80, **{**NO_MARK, **one, **two}))[Verdict.SUSPECT] == 1
    for alone in (one, two):
        assert fits(ring(80, **{**NO_MARK, **alone}))[Verdict.SUSPECT] == 0


def test_one_pipeline_behind_addresses_of_strangers_is_suspect_and_behind_one_s_own_is_not() -> None:
    def fit(**changes: float) -> float:
        net = {**shared(300, 20, 30), **changes}
        return fits(ring(80, payment=NOTHING, network=net, content=shared(300, 40, 8)))[Verdict.SUSPECT]

    assert fit(exclusive=0.6) == HINT
    assert fit(exclusive=1.0) == 0, "a campus, an office"
    assert fit(exclusive=0.6, bits=9) == 0, "the addresses are no evidence"
    nearly_all = fits(ring(80, payment=NOTHING, network=shared(300, 79, 30, exclusive=0.6), content=shared(300, 40, 8)))
    assert nearly_all[Verdict.SUSPECT] == 0, "most come from one address"


def test_a_community_with_one_book_of_prompts_on_one_vpn_is_no_suspect() -> None:
    vpn, book = shared(900, 90, 40, exclusive=0.3), shared(900, 60, 30)
    assert fits(ring(200, payment=NOTHING, device=NOTHING, network=vpn, content=book))[Verdict.SUSPECT] == 0
    for shares in ({"payment": NOTHING}, {"payment": NOTHING, "device": shared(90, 20, 30, join=0.3)}):
        assert fits(ring(200, **shares, network=vpn, content=book))[Verdict.SUSPECT] == HINT
    for bits, suspicion in ((9.0, 0), (15.0, 0.5), (40.0, 1)):
        even = ring(200, even=bits, payment=NOTHING, device=NOTHING, network=vpn, content=book)
        assert fits(even)[Verdict.SUSPECT] == suspicion, "by one book they work a little alike"
        shares = ring(
            200, even=bits, payment=NOTHING, device=shared(90, 20, 30), network=shared(900, 90, 40), content=book
        )
        assert fits(shares)[Verdict.SUSPECT] == 1, "two marks are two marks"


@pytest.mark.parametrize(
    ("payers", "devices", "suspicion"), [(0.35, 0.0, 0), (0.425, 0.1, 0.5), (0.5, 0.0, 1), (0.3, 0.3, 1)]
)
def test_cards_of_a_few_are_no_mark_of_all(payers: float, devices: float, suspicion: float) -> None:
    """A community and the customers of a reseller of gift cards, all on one VPN: who pays crosswise is not the rest."""
    cards, device = shared(400, 12, 60, join=payers, several=0.5), shared(90, 9, 9, join=devices)
    made = fits(ring(300, payment=cards, device=device, network=shared(900, 80, 40), content=shared(900, 60, 30)))
    assert made[Verdict.SUSPECT] == pytest.approx(suspicion)


@pytest.mark.parametrize("crossing", [0.0, 0.4])
def test_without_sessions_a_chain_and_an_agency_pay_by_many_methods_and_work_alike(crossing: float) -> None:
    """The shops' cards, each on five, with head office's prompts; the clients' cards, with the clients' prompts."""
    cards, prompts = shared(900, 5, 26, several=crossing), shared(900, 40, 20)
    for even, suspicion in ((0.0, 0), (60.0, 1)):
        assert fits(ring(130, even=even, payment=cards, content=prompts))[Verdict.SUSPECT] == suspicion
    known = fits(ring(130, payment=cards, content=prompts, network=NOTHING))
    assert known[Verdict.SUSPECT] >= HINT, "from nowhere in common"


def test_a_fleet_on_four_images_is_no_farm() -> None:
    cards, net = shared(183, 11, 3, several=0.07), shared(652, 11, 40, exclusive=0.4)
    images, jobs = shared(127, 11, 4), shared(407, 25, 6)
    fleet, crossing = (
        fits(ring(31, payment=cards, network=net, device={**images, "several": several}, content=jobs))
        for several in (0.0, 0.5)
    )
    assert fleet[Verdict.ORGANISATION] == pytest.approx(24 / 31)
    assert crossing[Verdict.ORGANISATION] < 0.05
    assert crossing[Verdict.SUSPECT] > FITS


def test_where_nothing_is_known_of_payments_a_fleet_does_likewise() -> None:
    work = {"even": 40.0, "content": shared(900, 30, 6, purity=1.0)}
    few, many = (fits(ring(30, network=shared(300, 12, n), **work))[Verdict.SUSPECT] for n in (8, 60))
    assert few == many == OPEN < FITS
    away = [shared(300, 12, n, exclusive=0.5) for n in (20, 60)]
    assert [fits(ring(30, network=net, **work))[Verdict.SUSPECT] for net in away] == [OPEN, 1], "sixty of strangers"
    image = fits(ring(30, network=away[1], device=shared(300, 27, 1), **work))
    assert image[Verdict.SUSPECT] == OPEN, "on one image"
    uneven = fits(ring(30, network=away[1], content=shared(900, 30, 6)))
    assert uneven[Verdict.SUSPECT] == 0, "a community with one book of prompts on one VPN"
    unpaid = fits(ring(30, network=shared(300, 12, 8), payment=NOTHING, **work))
    assert unpaid[Verdict.SUSPECT] == 1, "nobody pays for all"
    handed = fits(ring(30, network=shared(300, 12, 8), timing=shared(90, 9, 9), **work))
    assert handed[Verdict.SUSPECT] == 1


def told(features: Features, verdict: Verdict | None = None, **shares: float) -> dict[Verdict, float]:
    """Fits when labels or lists tell these shares; ``group`` is the share in a known group that ``verdict`` fits."""
    groups = {verdict: np.array([shares.pop("group")])} if verdict else {}
    news = replace(features.told, groups=groups, **{name: np.array([share]) for name, share in shares.items()})
    return fits(replace(features, told=news))


def test_labels_that_clear_half_of_the_members_clear_the_ring() -> None:
    suspect_ring = PROTOTYPES[0][2]
    assert told(suspect_ring, cleared=0.5)[Verdict.SUSPECT] == 0
    assert told(suspect_ring, cleared=0.05)[Verdict.SUSPECT] == pytest.approx(0.9), "one of twenty may be a bystander"
    for _, features in ONE_MACHINE:
        assert told(features, cleared=0.5)[Verdict.SUSPECT] == 0


@pytest.mark.parametrize(
    "verdict", [Verdict.ORGANISATION, Verdict.CAMPUS, Verdict.HOUSEHOLD, Verdict.OWN_ACCOUNTS], ids=str
)
def test_a_known_group_is_what_it_is_known_as(verdict: Verdict) -> None:
    made = told(PROTOTYPES[0][2], verdict, group=0.8)
    assert made[verdict] >= 0.8
    assert made[Verdict.SUSPECT] == 0
    assert told(PROTOTYPES[0][2], verdict, group=0.2)[Verdict.SUSPECT] == 1, "a fifth of it is"


def test_labels_that_accuse_are_one_mark_and_never_enough_alone() -> None:
    alone = ring(80, **NO_MARK)
    assert told(alone, accused=1.0)[Verdict.SUSPECT] == 0
    with_loads = ring(80, even=40, **NO_MARK)
    assert (fits(with_loads)[Verdict.SUSPECT], told(with_loads, accused=0.5)[Verdict.SUSPECT]) == (0, 1)


def test_rented_addresses_are_no_office_no_home_and_no_campus() -> None:
    by_name = {name: features for name, _, features in PROTOTYPES}
    for name, verdict in (
        ("an office where each pays with a card of their own", Verdict.ORGANISATION), ("a campus", Verdict.CAMPUS),
    ):  # fmt: skip
        assert told(by_name[name], rented=1.0)[verdict] == 0
    home = ring(4, payment=NOTHING, network=shared(40, 4, 1), content=NOTHING)
    assert (fits(home)[Verdict.HOUSEHOLD], told(home, rented=1.0)[Verdict.HOUSEHOLD]) == (1, 0)
    cards = ring(30, payment=shared(300, 30, 1), network=shared(300, 30, 1))
    assert told(cards, rented=1.0)[Verdict.ORGANISATION] == 1, "a fleet in a cloud still pays openly"
    crowd = ring(60, payment=NOTHING, network=shared(300, 20, 9), content=shared(300, 20, 9, join=0.3))
    assert fits(crowd)[Verdict.SHARED_NETWORK] == 0, "half of its bits are prompts"
    assert told(crowd, rented=1.0)[Verdict.SHARED_NETWORK] == 1
    work = ring(80, payment=NOTHING, network=shared(300, 20, 30, exclusive=1.0), content=shared(300, 40, 8))
    assert (fits(work)[Verdict.SUSPECT], told(work, rented=1.0)[Verdict.SUSPECT]) == (0, HINT)


def test_methods_cross_when_accounts_pay_by_several_that_few_share() -> None:
    def crossed(**changes: float) -> float:
        return float(module.crossed_cards(ring(80, payment={**CROSSED, **changes}))[0])

    assert crossed() == 1
    assert crossed(several=0.05) == 0, "a method is replaced now and then"
    assert crossed(entities=6) == 0, "13 accounts a method: teams"
    assert crossed(entities=20, top=78) == 0, "one of them pays for nearly all"
    assert crossed(entities=1) == 0, "one method can't cross"
    assert crossed(bits=0) == 0, "no evidence"
    replaced = {**CROSSED, "entities": 2.0, "top": 5.0, "several": 1.0}
    assert module.crossed_cards(ring(5, payment=replaced))[0] == 0, "all of a home changed to the new one"


def test_clients_of_an_agency_pay_for_its_staff_by_many_methods_that_do_not_cross() -> None:
    """Staff of an agency with the clients it works for: few accounts to a client's card, its office, its prompts."""
    agency = {"network": shared(300, 19, 11), "content": shared(400, 20, 30, purity=0.42)}
    assert fits(ring(38, payment=shared(200, 11, 7), **agency))[Verdict.SUSPECT] < FITS
    assert fits(ring(38, payment=shared(200, 11, 7, several=0.4), even=20, **agency))[Verdict.SUSPECT] >= FITS


TEAM_CARDS = shared(900, 21, 15, several=0.5)  # twenty accounts a card


@pytest.mark.parametrize("office", [shared(900, 240, 3), shared(900, 20, 12), shared(900, 200, 60)])
def test_teams_on_cards_of_their_own_in_offices_are_a_company(office: Numbers) -> None:
    own = shared(300, 40, 30, purity=0.35)
    made = fits(ring(300, payment=TEAM_CARDS, network=office, device=NOTHING, content=own))
    assert made[Verdict.ORGANISATION] == 1
    assert made[Verdict.SUSPECT] == 0


@pytest.mark.parametrize("exits", [shared(900, 20, 150), shared(900, 150, 20, exclusive=0.5)])
@pytest.mark.parametrize("even", [0.0, 60.0])
def test_who_works_alike_from_everywhere_is_no_team(exits: Numbers, even: float) -> None:
    mixed = shared(900, 40, 30, purity=0.35 if even else 0.9)
    farm, image = shared(400, 20, 40), shared(400, 290, 1)
    made = fits(ring(300, even=even, payment=TEAM_CARDS, network=exits, device=farm, content=mixed))
    assert made[Verdict.ORGANISATION] == 0
    for own in (NOTHING, image):
        made = fits(ring(300, even=even, payment=TEAM_CARDS, network=exits, device=own, content=mixed))
        assert made[Verdict.ORGANISATION] == 1, "a firm behind a gateway, a fleet on one image"
    for device, suspicion in ((farm, 1), (NOTHING, 1), (image, 0)):
        both = ring(300, even=60, payment=TEAM_CARDS, network=exits, device=device, content=shared(900, 40, 30))
        assert fits(both)[Verdict.SUSPECT] == suspicion


def test_twenty_accounts_a_card_are_a_mark_only_of_who_works_alike_from_everywhere() -> None:
    cards, own = shared(400, 22, 6), shared(300, 40, 30, purity=0.35)
    exits, offices = shared(900, 20, 60), shared(900, 70, 3)
    alike, device = shared(900, 40, 30), shared(400, 20, 40)
    assert fits(ring(120, payment=cards, network=exits, device=device, content=alike))[Verdict.SUSPECT] == HINT
    assert fits(ring(120, payment=cards, network=offices, device=device, content=alike))[Verdict.SUSPECT] == 0
    assert fits(ring(120, payment=cards, network=exits, device=device, content=own))[Verdict.SUSPECT] == 0
    front = shared(400, 100, 6)
    assert fits(ring(120, payment=front, network=exits, device=device, content=alike))[Verdict.SUSPECT] == 0


@pytest.mark.parametrize(("addresses", "team"), [(7.0, 1.0), (14.0, 0.0)])
def test_a_small_fleet_has_few_addresses(addresses: float, team: float) -> None:
    jobs = {
        "network": shared(300, 18, addresses),
        "device": shared(300, 9, 7, several=0.4),
        "content": shared(300, 30, 6),
    }
    assert fits(ring(35, payment=shared(200, 12, 2), **jobs))[Verdict.ORGANISATION] == pytest.approx(team)


def test_a_class_with_like_homework_and_loads_is_no_suspect() -> None:
    homework, school = shared(900, 30, 25, purity=1.0), shared(300, 33, 1)
    made = fits(ring(33, even=40, payment=NOTHING, network=school, device=NOTHING, content=homework))
    assert (made[Verdict.SUSPECT], made[Verdict.ORGANISATION]) == (0, HINT)
    spread = fits(ring(33, even=40, payment=NOTHING, network=shared(300, 12, 9), device=NOTHING, content=homework))
    assert spread[Verdict.SUSPECT] == 1, "at many addresses they hide"
    relay = shared(9, 2, 20, meeting=0.7)
    handed = fits(ring(33, even=40, payment=NOTHING, network=school, device=NOTHING, content=homework, timing=relay))
    assert handed[Verdict.SUSPECT] == 1, "a class does not take up each other's work"


@pytest.mark.parametrize(
    ("addresses", "device", "suspicion"),
    [(2.0, NOTHING, 0.0), (2.0, shared(300, 10, 8), 1.0), (6.0, NOTHING, 1.0)],
    ids=["an agency", "a farm in one place", "several places"],
)
def test_an_office_may_pay_crosswise(addresses: float, device: Numbers, suspicion: float) -> None:
    cards, prompts = shared(400, 12, 8, several=0.4), shared(900, 20, 60)
    office = shared(300, 27, addresses)
    assert fits(ring(40, payment=cards, network=office, device=device, content=prompts))[Verdict.SUSPECT] == suspicion


def test_phone_numbers_on_few_accounts_each_are_a_mark_beside_cards() -> None:
    cards, exits = shared(400, 8, 30), shared(300, 12, 40)
    phones = shared(500, 6, 40, firm=1)
    assert fits(ring(200, payment=cards, network=exits, identity=phones))[Verdict.SUSPECT] == HINT
    for other in ({**phones, "firm": 0.0}, shared(500, 190, 2, firm=1), NOTHING):
        assert fits(ring(200, payment=cards, network=exits, identity=other))[Verdict.SUSPECT] == 0
    assert fits(ring(200, payment=shared(400, 190, 2), network=exits, identity=phones))[Verdict.SUSPECT] == 0
    assert fits(ring(200, payment=NOTHING, network=exits, identity=phones))[Verdict.SUSPECT] == 0, "one mark alone"


def test_a_team_has_phone_numbers_of_its_own() -> None:
    cards = {**shared(400, 20, 10), "join": 0.6}
    assert fits(ring(200, payment=cards, identity=NOTHING))[Verdict.ORGANISATION] > 0.6
    assert fits(ring(200, payment=cards, identity=shared(500, 6, 40, firm=1)))[Verdict.ORGANISATION] == 0


def test_one_card_for_all_stays_open_wherever_they_work() -> None:
    jobs = {"network": shared(900, 20, 150), "content": shared(900, 40, 30)}
    made = fits(ring(300, even=60, payment=shared(2_000, 290, 2), device=NOTHING, **jobs))
    assert made[Verdict.ORGANISATION] == 1
    assert made[Verdict.SUSPECT] == 0


def test_students_share_homework_and_a_range_but_not_their_loads() -> None:
    campus = {"payment": NOTHING, "network": shared(900, 54, 9), "content": shared(600, 60, 40, purity=0.69)}
    made = fits(ring(131, **campus))
    assert made[Verdict.SUSPECT] == 0
    assert max(made, key=lambda v: made[v]) == Verdict.CAMPUS


def test_a_fleet_works_evenly_and_pays_openly() -> None:
    fleet = {"network": shared(300, 20, 5), "content": shared(900, 30, 6, purity=1.0)}
    made = fits(ring(30, even=40, payment=shared(300, 30, 1), **fleet))
    assert (made[Verdict.ORGANISATION], made[Verdict.SUSPECT]) == (1, 0)
    met = fits(ring(30, even=40, payment=shared(300, 30, 1), timing=shared(9, 2, 4, meeting=0.45), **fleet))
    assert met[Verdict.SUSPECT] == 0, "its jobs meet by the timetable"
    handed = fits(ring(30, even=40, payment=shared(300, 30, 1), timing=shared(9, 2, 20, meeting=0.7), **fleet))
    assert handed[Verdict.SUSPECT] == 1, "most do not take up each other's work by chance"
    fleet |= {"device": shared(200, 30, 1), "timing": shared(9, 2, 20, meeting=0.7)}
    one = fits(ring(30, even=40, payment=shared(300, 30, 1), **fleet))
    assert one[Verdict.SUSPECT] == 0, "all on one image and one card: a timetable's"


def test_a_person_may_go_on_at_another_of_five_accounts_when_one_is_limited() -> None:
    hands = {"timing": shared(9, 2, 5), "content": shared(90, 5, 3), "payment": shared(60, 4, 1)}
    few, more = (fits(ring(size, device=shared(90, size, 1), **hands)) for size in (4.0, 6.0))
    assert few[Verdict.SUSPECT] == 0
    assert few[Verdict.OWN_ACCOUNTS] == 1
    assert more[Verdict.SUSPECT] == 1


POOL = shared(400, 8, 30, several=0.5, web=1.0)  # devices that all draw on, several each
TILLS = {**POOL, "web": 0.1}  # those of a chain: each shop has two, which all of the shop use


def test_without_prompts_methods_that_cross_must_be_most_members_and_go_with_shared_devices() -> None:
    def fit(device: Numbers, net: Numbers, **changes: float) -> float:
        cards = shared(400, 5, 20, several=0.4, **changes)
        return fits(ring(80, payment=cards, network=net, device=device))[Verdict.SUSPECT]

    farm, places = shared(300, 10, 8), shared(300, 20, 30)
    assert fit(farm, places) == 1
    assert fit(farm, places, join=0.3) == 0
    assert fit(NOTHING, places) == 0, "customers of one reseller of cards on one VPN"
    assert fit(shared(9, 10, 8), places) == 0, "the devices are no evidence"
    assert fit(farm, shared(300, 70, 2)) == 0, "an agency in its office"
    crossing = shared(400, 5, 20, several=0.4)
    assert fits(ring(80, payment=crossing, network=places))[Verdict.SUSPECT] == 0, "nothing is known of devices"


EXITS = [shared(900, 20, 60), shared(900, 40, 19, exclusive=0.5)]  # many addresses, and a VPN's


@pytest.mark.parametrize("exits", EXITS)
def test_without_prompts_pools_of_cards_and_of_devices_are_suspect(exits: Numbers) -> None:
    def fit(device: Numbers, net: Numbers = exits, top: float = 20, **more: Numbers) -> dict[Verdict, float]:
        return fits(ring(145, payment=shared(400, top, 9), network=net, device=device, **more))

    assert fit(POOL)[Verdict.SUSPECT] == HINT
    assert fit(POOL)[Verdict.ORGANISATION] == 0, "sixteen accounts a card are no team's"
    for honest in (TILLS, NOTHING, {**POOL, "several": 0.1}, {**POOL, "top": 70.0}, {**POOL, "entities": 3.0}):
        assert fit(honest)[Verdict.SUSPECT] == 0
    assert fit(POOL, shared(900, 130, 3))[Verdict.SUSPECT] == 0, "desks that all share, in one office"
    assert fit(POOL, shared(900, 40, 19))[Verdict.SUSPECT] == 0, "desks behind a gateway of the firm's own"
    assert fit(POOL, top=100)[Verdict.SUSPECT] == 0, "one card pays for most"
    assert fit(POOL, content=shared(300, 40, 30, purity=0.35))[Verdict.SUSPECT] == 0, "they differ in prompts"


@pytest.mark.parametrize("exits", EXITS)
def test_without_payments_a_pool_of_devices_and_one_pipeline_are_suspect(exits: Numbers) -> None:
    def fit(device: Numbers, net: Numbers = exits) -> float:
        return fits(ring(145, network=net, device=device, content=shared(900, 40, 30)))[Verdict.SUSPECT]

    assert fit(POOL) == HINT
    assert [fit(device) for device in (TILLS, NOTHING, shared(400, 140, 1))] == [0, 0, 0]
    assert fit(POOL, shared(900, 40, 19)) == 0, "desks behind a gateway of the firm's own"
    paid = ring(145, payment=NOTHING, network=EXITS[0], device=POOL, content=shared(900, 40, 30))
    assert fits(paid)[Verdict.SUSPECT] == 0, "where payments are known, the pool is no mark"


@pytest.mark.parametrize(
    ("changes", "even", "suspicion"),
    [({}, 60, 1), ({}, 0, 0), ({"several": 0.0}, 60, 0), ({"web": 0.3}, 60, 0)],
    ids=["woven", "loads differ", "one card each", "cards of a team cross"],
)
def test_without_sessions_teams_do_not_pay_by_each_other_s_cards(
    changes: Numbers, even: float, suspicion: float
) -> None:
    cards = {**shared(900, 24, 22, several=0.45, web=1.0), **changes}
    made = fits(ring(336, even=even, payment=cards, content=shared(900, 60, 18)))
    assert (made[Verdict.SUSPECT], made[Verdict.ORGANISATION]) == (suspicion, 1 - suspicion)


DEALT = {"several": 0.25, "web": 1.0}  # cards for thirty accounts each, by two of which every fourth account pays


@pytest.mark.parametrize(
    ("cards", "even", "image", "suspicion"),
    [({}, 60, 0, 1), ({}, 10, 0, 0), ({"several": 0.05}, 60, 0, 0), ({"web": 0.3}, 60, 0, 0),
     ({"entities": 2.0}, 60, 0, 0), ({}, 60, 270, 0)],
    ids=["dealt out", "people somewhat alike", "replaced now and then", "teams", "a card and its spare", "one image"],
)
def test_work_dealt_out_evenly_on_one_pool_of_cards_is_no_company_s(
    cards: Numbers, even: float, image: float, suspicion: float
) -> None:
    pay = {**shared(900, 32, 10), **DEALT, **cards}
    device = shared(400, image, 1) if image else NOTHING
    own = shared(300, 40, 30, purity=0.35)
    made = fits(ring(300, even=even, payment=pay, network=shared(900, 60, 12), device=device, content=own))
    assert (made[Verdict.SUSPECT], made[Verdict.ORGANISATION]) == (suspicion, 1 - suspicion)


def test_a_small_fleet_on_a_few_images_may_have_its_work_and_its_cards_dealt_out() -> None:
    pay, images = {**shared(400, 12, 4), **DEALT}, shared(300, 16, 3)
    jobs = {"network": shared(400, 20, 12), "content": shared(300, 30, 6)}
    assert module.dealt_out(ring(40, even=60, payment=pay, device=images, **jobs)) == 0
    assert module.dealt_out(ring(40, even=60, payment=pay, device=NOTHING, **jobs)) == 1


@pytest.mark.parametrize(("size", "top", "paid"), [(6, 3, 0.0), (6, 4, 0.5), (6, 5, 1.0), (5, 3, 1.0), (9, 5, 0.82)])
def test_a_card_in_front_pays_for_five_accounts_or_for_most_of_five(size: float, top: float, paid: float) -> None:
    made = fits(ring(size, payment=shared(60, top, 3), content=shared(60, 5, 4)))
    assert made[Verdict.ORGANISATION] == pytest.approx(paid * rising(size, 3.5, 6), abs=0.01)


@pytest.mark.parametrize(("constant", "value", "prototype"), [("ENOUGH", 1e4, 0), ("FEW", 60.0, -1), ("OPEN", 0.3, -1)])
def test_each_constant_decides(monkeypatch: pytest.MonkeyPatch, constant: str, value: float, prototype: int) -> None:
    features = PROTOTYPES[prototype][2] if prototype >= 0 else ONE_MACHINE[1][1]
    before = fits(features)
    monkeypatch.setattr(module, constant, value)
    assert fits(features)[Verdict.SUSPECT] < before[Verdict.SUSPECT]


def shops(whole: float, cards: Numbers, homes: Numbers) -> Features:
    """Shops on one image of a till, or a ring on one: sixty accounts with equal loads and one set of prompts."""
    image = shared(500, 60, 1)
    return ring(60, even=40, whole=whole, payment=cards, network=homes, device=image, content=shared(500, 40, 8))


def test_shops_that_each_pay_for_themselves_are_not_suspect_and_pools_that_hang_together_are() -> None:
    cards, homes = shared(400, 6, 12), shared(500, 4, 20, exclusive=0.8)
    assert fits(shops(0.15, cards, homes))[Verdict.SUSPECT] == 0
    assert fits(shops(1.0, cards, homes))[Verdict.SUSPECT] == 1
    assert fits(shops(0.55, cards, homes))[Verdict.SUSPECT] == pytest.approx(0.5)


@pytest.mark.parametrize("lone", ["payment", "network"])
def test_who_shares_cards_or_addresses_alone_in_small_parts_is_no_chain_of_shops(lone: str) -> None:
    parts = {"payment": shared(400, 6, 12), "network": shared(500, 4, 20, exclusive=0.8), lone: NOTHING}
    assert fits(shops(0.15, parts["payment"], parts["network"]))[Verdict.SUSPECT] >= HINT


def staff(**more: float) -> Features:
    """Sixty people on a firm's image and gateway, a card for every three: equal loads, prompts of their own."""
    card, gateway = {"several": 0.0, **more}, {"exclusive": more.get("exclusive", 1.0)}
    pay, net = shared(300, 5, 20, several=card["several"]), shared(400, 45, 6, **gateway)
    return ring(60, even=40, payment=pay, network=net, device=shared(400, more.get("image", 50), 1), content=NOTHING)


def test_a_firm_s_image_and_gateway_explain_a_card_for_each() -> None:
    assert fits(staff())[Verdict.SUSPECT] == 0


@pytest.mark.parametrize("more", [{"exclusive": 0.85}, {"image": 30}, {"several": 0.3}])
def test_borrowed_addresses_several_images_or_cards_that_cross_are_no_firm_s(more: Numbers) -> None:
    assert fits(staff(**more))[Verdict.SUSPECT] >= HINT


def test_a_fleet_on_one_image_may_have_a_card_for_every_eight_workers() -> None:
    def fleet(image: float) -> Features:
        pay, net = shared(100, 10, 4), shared(200, 10, 48)
        return ring(30, even=23, payment=pay, network=net, device=shared(200, image, 1), content=shared(300, 25, 9))

    told = fits(fleet(30))
    assert told[Verdict.ORGANISATION] == 1
    assert told[Verdict.SUSPECT] == 0
    assert fits(fleet(15))[Verdict.SUSPECT] >= FITS, "accounts on half a dozen images"


@pytest.mark.parametrize(("heavy", "fit"), [(1.0, 0.0), (4.0, 0.0), (6.0, 0.5), (14.0, 1.0)])
def test_six_accounts_at_one_address_are_no_class_when_they_carry_the_loads_of_dozens(heavy: float, fit: float) -> None:
    network, device, content = shared(60, 6, 1), shared(60, 5, 1), shared(100, 6, 90)
    relay = ring(6, even=12, heavy=heavy, payment=NOTHING, network=network, device=device, content=content)
    assert fits(relay)[Verdict.SUSPECT] == pytest.approx(fit)


@pytest.mark.parametrize(
    ("even", "purity", "suspicion"), [(5.0, 0.575, 0.75), (5.0, 0.45, 0.5), (3.0, 0.575, 0.5), (4.0, 0.5, 0.4)]
)
def test_a_third_mark_helps_two_that_are_weak(even: float, purity: float, suspicion: float) -> None:
    """Cards on few accounts each (0.8), loads that are somewhat alike, templates among others."""
    cards, book = shared(400, 5, 20), shared(500, 40, 8, purity=purity)
    made = fits(ring(80, even=even, payment=cards, network=shared(300, 20, 30), content=book))
    assert made[Verdict.SUSPECT] == pytest.approx(suspicion)


def test_a_third_mark_makes_no_more_of_two_than_the_stronger_one() -> None:
    cards, book = shared(400, 5, 20), shared(500, 40, 8, purity=0.625)
    made = fits(ring(80, even=5.8, payment=cards, network=shared(300, 20, 30), content=book))
    assert made[Verdict.SUSPECT] == pytest.approx(HINT), "0.7 and 0.7 would make 0.91"


def test_shops_with_one_till_each_share_no_address() -> None:
    """A third of a chain's accounts stand in shops of two tills."""
    homes = shared(200, 3, 5, join=0.35)
    assert fits(shops(0.2, shared(400, 6, 12), homes))[Verdict.SUSPECT] == 0
    assert fits(shops(0.2, shared(400, 6, 12), {**homes, "join": 0.2}))[Verdict.SUSPECT] >= HINT


@pytest.mark.parametrize(("whole", "several", "join", "suspicion"), [
    (0.25, 0.0, 1.0, 0), (0.55, 0.0, 1.0, 0.5), (0.25, 0.08, 1.0, 1), (0.9, 0.0, 1.0, 1), (0.25, 0.0, 0.7, 1),
])  # fmt: skip
def test_shops_without_sessions_pay_by_one_method_each(
    whole: float, several: float, join: float, suspicion: float
) -> None:
    cards = shared(400, 10, 10, several=several, join=join)
    chain = ring(40, even=21, whole=whole, payment=cards, content=shared(500, 40, 8))
    assert fits(chain)[Verdict.SUSPECT] == pytest.approx(suspicion)
