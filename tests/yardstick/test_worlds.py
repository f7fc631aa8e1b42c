from __future__ import annotations

from collections import Counter

from linkage.evaluation.peers import PEERS
from linkage.simulator import Preset
from linkage.yardstick.worlds import (
    EVADE,
    METHODS,
    OTHER_EVADES,
    PRESETS,
    SEEDS,
    World,
    full,
    has_operators,
    short,
)


def test_the_full_form_has_every_preset_with_five_seeds_and_four_rates_of_evasion() -> None:
    form = full()
    assert len(set(form.worlds)) == len(form.worlds)
    main = Counter(w.preset for w in form.worlds if w.evade == EVADE)
    assert main == {preset.value: len(SEEDS) for preset in PRESETS}
    assert SEEDS == (1001, 1002, 1003, 1004, 1005)
    other = {(w.preset, w.evade) for w in form.worlds if w.evade != EVADE}
    assert other == {(p.value, e) for p in PRESETS if has_operators(p) for e in OTHER_EVADES}
    assert form.methods == METHODS == ("linkage", "ceiling", *(peer.name for peer in PEERS))


def test_only_the_honest_preset_has_no_operators() -> None:
    assert [preset for preset in Preset if not has_operators(preset)] == [Preset.HONEST]


def test_the_short_form_is_small_and_its_noise_is_from_five_seeds() -> None:
    form = short()
    assert len(form.worlds) <= 8
    assert all(world.accounts <= 4_000 for world in form.worlds)
    assert set(form.worlds) <= set(form.noise_worlds)
    assert {world.seed for world in form.noise_worlds} == set(SEEDS)


def test_a_world_is_what_its_name_says() -> None:
    world = World("mixed-proxy", 0.6, 1002, 5_000)
    assert world.name == "mixed-proxy-0.6-1002-5000"
    spec = world.spec
    assert (spec.accounts, spec.seed, spec.evade, spec.preset) == (5_000, 1002, 0.6, Preset.MIXED_PROXY)
    assert World(**world.fields()) == world
