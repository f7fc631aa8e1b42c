"""What a simulated world is asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from linkage.errors import ConfigError

START = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 91  # April to June 2026
SECONDS = DAYS * 86_400
WEEKS = 13

EVADABLE = ("payment_method", "ip", "device", "prompt_template")
MIN_ACCOUNTS, MAX_ACCOUNTS = 200, 1_000_000


class Preset(StrEnum):
    """The named mixes of operators and honest accounts."""

    CAMPAIGN = "campaign"


@dataclass(frozen=True)
class Mix:
    """Shares of all accounts by group, and the shape of the operators' rings. What is left are individuals."""

    operator: float = 0.12
    household: float = 0.12
    own_accounts: float = 0.06
    company: float = 0.13
    fleet: float = 0.02
    campus: float = 0.03
    vpn_user: float = 0.08
    ring_smallest: int = 15
    ring_largest: int = 1_500
    ring_tail: float = 1.0  # Pareto exponent of ring sizes
    rings_per_operator: int = 6  # at most


MIXES = {Preset.CAMPAIGN: Mix()}


@dataclass(frozen=True)
class WorldSpec:
    """A world to simulate.

    ``evade`` is the probability with which an operator's account, for each kind on its own, uses an own or popular
    value in place of its ring's pool.

    Raises:
        ConfigError: a number lies outside its range.
    """

    accounts: int
    seed: int
    evade: float = 0.3
    preset: Preset = Preset.CAMPAIGN

    def __post_init__(self) -> None:
        if not MIN_ACCOUNTS <= self.accounts <= MAX_ACCOUNTS:
            raise ConfigError(
                f"a world has {MIN_ACCOUNTS:,} to {MAX_ACCOUNTS:,} accounts, not {self.accounts:,}.", where="--accounts"
            )
        if self.seed < 0:
            raise ConfigError(f"the seed must not be negative, it is {self.seed}.", where="--seed")
        if not 0 <= self.evade <= 1:
            raise ConfigError(f"evade is a probability from 0 to 1, not {self.evade}.", where="--evade")

    @property
    def mix(self) -> Mix:
        """The shares of the preset."""
        return MIXES[self.preset]


@dataclass(frozen=True)
class WorldSummary:
    """What was written: rows per table, accounts per group kind, true rings and operators."""

    directory: str
    rows: dict[str, int]
    group_kinds: dict[str, int]
    rings: int
    operators: int
    largest_ring: int
