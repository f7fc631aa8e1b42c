"""What a simulated world is asked to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from linkage.errors import ConfigError
from linkage.simulator.presets import MIXES, Mix, Preset

START = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 91  # April to June 2026
SECONDS = DAYS * 86_400
WEEKS = 13

EVADABLE = ("payment_method", "ip", "device", "prompt_template")
MIN_ACCOUNTS, MAX_ACCOUNTS = 200, 1_100_000
MAX_PLANT = 100


@dataclass(frozen=True)
class WorldSpec:
    """A world to simulate.

    ``evade`` is the probability with which an operator's account, for each kind on its own, uses an own or popular
    value in place of its ring's pool; ``evade_kinds`` sets it for single kinds (:data:`EVADABLE`). An attacker plants
    ``plant`` values of one ring on each of ``plant_victims`` honest accounts. With ``prompts`` the exchanges carry
    the prompt's text too.

    Raises:
        ConfigError: a number lies outside its range, or a kind can't be evaded.
    """

    accounts: int
    seed: int
    evade: float = 0.3
    preset: Preset = Preset.CAMPAIGN
    evade_kinds: dict[str, float] = field(default_factory=dict)
    plant: int = 0
    plant_victims: int = 0
    prompts: bool = False

    def __post_init__(self) -> None:
        if not MIN_ACCOUNTS <= self.accounts <= MAX_ACCOUNTS:
            raise ConfigError(
                f"a world has {MIN_ACCOUNTS:,} to {MAX_ACCOUNTS:,} accounts, not {self.accounts:,}.", where="--accounts"
            )
        if self.seed < 0:
            raise ConfigError(f"the seed must not be negative, it is {self.seed}.", where="--seed")
        if not 0 <= self.evade <= 1:
            raise ConfigError(f"evade is a probability from 0 to 1, not {self.evade}.", where="--evade")
        self._check_kinds()
        self._check_plant()

    def _check_kinds(self) -> None:
        for kind, rate in self.evade_kinds.items():
            if kind not in EVADABLE:
                raise ConfigError(
                    f"`{kind}` is no kind that can be evaded.", where="--evade-kind",
                    todo=f"Use one of {', '.join(EVADABLE)}.",
                )
            if not 0 <= rate <= 1:
                raise ConfigError(f"{kind} is evaded with a probability from 0 to 1, not {rate}.", where="--evade-kind")

    def _check_plant(self) -> None:
        if not 0 <= self.plant <= MAX_PLANT:
            raise ConfigError(f"0 to {MAX_PLANT} values can be planted a victim, not {self.plant}.", where="--plant")
        if not 0 <= self.plant_victims <= self.accounts // 4:
            raise ConfigError(
                f"0 to {self.accounts // 4:,} accounts can be framed here, not {self.plant_victims:,}.",
                where="--plant-victims",
            )

    @property
    def mix(self) -> Mix:
        """Who lives in the preset's world."""
        return MIXES[self.preset]

    @property
    def evade_rates(self) -> tuple[float, ...]:
        """The probability of evading, kind by kind in the order of :data:`EVADABLE`."""
        return tuple(self.evade_kinds.get(kind, self.evade) for kind in EVADABLE)


@dataclass(frozen=True)
class WorldSummary:
    """What was written: rows per table, accounts per group kind, true rings and operators."""

    directory: str
    rows: dict[str, int]
    group_kinds: dict[str, int]
    rings: int
    operators: int
    largest_ring: int
