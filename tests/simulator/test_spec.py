from __future__ import annotations

import pytest

from linkage.errors import ConfigError, ExitCode
from linkage.simulator import Preset, WorldSpec
from linkage.simulator.spec import MIXES


@pytest.mark.parametrize(
    ("accounts", "seed", "evade", "message"),
    [
        (199, 1, 0.3, "--accounts: a world has 200 to 1,000,000 accounts, not 199."),
        (1_000_001, 1, 0.3, "--accounts: a world has 200 to 1,000,000 accounts, not 1,000,001."),
        (200, -1, 0.3, "--seed: the seed must not be negative, it is -1."),
        (200, 1, 1.5, "--evade: evade is a probability from 0 to 1, not 1.5."),
        (200, 1, float("nan"), "--evade: evade is a probability from 0 to 1, not nan."),
    ],
)
def test_numbers_out_of_range_are_refused(accounts: int, seed: int, evade: float, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        WorldSpec(accounts, seed, evade)
    assert str(error.value) == message
    assert error.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("preset", Preset)
def test_every_preset_has_a_mix_that_leaves_room_for_individuals(preset: Preset) -> None:
    mix = MIXES[preset]
    groups = mix.operator + mix.household + mix.own_accounts + mix.company + mix.fleet + mix.campus + mix.vpn_user
    assert 0 < groups < 0.8
    assert 0 < mix.ring_smallest < mix.ring_largest
