from __future__ import annotations

from typing import Any

import pytest

from linkage.errors import ConfigError, ExitCode
from linkage.simulator import Preset, WorldSpec
from linkage.simulator.presets import MIXES, usual_accounts


@pytest.mark.parametrize(
    ("accounts", "seed", "evade", "message"),
    [
        (199, 1, 0.3, "--accounts: a world has 200 to 1,100,000 accounts, not 199."),
        (1_100_001, 1, 0.3, "--accounts: a world has 200 to 1,100,000 accounts, not 1,100,001."),
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
    honest = mix.household + mix.own_accounts + mix.company + mix.agency + mix.fleet + mix.campus + mix.vpn_user
    assert 0 < mix.operator + honest < 0.8
    assert sum(o.share for o in mix.operations) == pytest.approx(1.0 if mix.operator else 0.0)
    for operation in mix.operations:
        assert 0 < operation.smallest < operation.largest
        assert sum(operation.rhythm) == pytest.approx(1.0)
        assert operation.spare + operation.sleeper + operation.replaced <= 1
        assert 0 <= operation.days[0] < operation.days[1] <= 90


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"evade_kinds": {"card": 0.5}}, "--evade-kind: `card` is no kind that can be evaded. "
         "Use one of payment_method, ip, device, prompt_template."),
        ({"evade_kinds": {"ip": 2.0}}, "--evade-kind: ip is evaded with a probability from 0 to 1, not 2.0."),
        ({"plant": 101}, "--plant: 0 to 100 values can be planted a victim, not 101."),
        ({"plant_victims": 51}, "--plant-victims: 0 to 50 accounts can be framed here, not 51."),
    ],
)  # fmt: skip
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        WorldSpec(200, 1, **options)
    assert str(error.value) == message


def test_a_rate_for_a_kind_stands_in_place_of_the_common_one() -> None:
    assert WorldSpec(200, 1, 0.2, evade_kinds={"ip": 0.9, "prompt_template": 0.0}).evade_rates == (0.2, 0.9, 0.2, 0.0)


def test_the_known_cases_stand_at_their_size_where_none_is_said() -> None:
    assert [usual_accounts(preset) for preset in (Preset.CAMPAIGN, Preset.SEED_SCALE)] == [20_000, 1_049_000]
    WorldSpec(usual_accounts(Preset.SEED_SCALE), 1)
