"""Which worlds and which methods a bench has: the full form, and the short one for every change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from linkage.evaluation.peers import PEERS
from linkage.simulator import Preset, WorldSpec

PRESETS = tuple(p for p in Preset if p != Preset.SEED_SCALE)  # that one measures speed: it is campaign, at its size
SEEDS = (1001, 1002, 1003, 1004, 1005)
EVADE = 0.3  # of the five seeds
OTHER_EVADES = (0.0, 0.6, 0.9)
EVADE_SEEDS = SEEDS[:1]  # of the other evades
ACCOUNTS = 12_000

SHORT_SEEDS = SEEDS[:2]
SHORT_ACCOUNTS = 3_000
SHORT_PRESETS = (Preset.CAMPAIGN, Preset.MARKET, Preset.QUIET, Preset.HONEST)
SHORT_PEERS = ("components, degree <= 50", "Leiden, plain")

LINKAGE, CEILING = "linkage", "ceiling"
METHODS = (LINKAGE, CEILING, *(peer.name for peer in PEERS))


@dataclass(frozen=True, order=True)
class World:
    """A world of the bench, by what it is made from."""

    preset: str
    evade: float
    seed: int
    accounts: int

    @property
    def name(self) -> str:
        """A name for files, such as campaign-0.3-1001-12000."""
        return f"{self.preset}-{self.evade:g}-{self.seed}-{self.accounts}"

    @property
    def spec(self) -> WorldSpec:
        """What the simulator is asked for."""
        return WorldSpec(accounts=self.accounts, seed=self.seed, evade=self.evade, preset=Preset(self.preset))

    def fields(self) -> dict[str, Any]:
        """The columns of a table that name the world."""
        return asdict(self)


@dataclass(frozen=True)
class Form:
    """One form of the bench: its name, its worlds, the methods that run on them, and the worlds that noise is from.

    In a form that is not ``judged`` worlds that are too easy count too.
    """

    name: str
    worlds: tuple[World, ...]
    methods: tuple[str, ...]
    noise_worlds: tuple[World, ...]
    judged: bool


def has_operators(preset: Preset) -> bool:
    """Whether anything in the preset's worlds is to be found; if not, only honest accounts are counted."""
    return WorldSpec(accounts=1_000, seed=0, preset=preset).mix.operator > 0


def full(accounts: int = ACCOUNTS, presets: tuple[Preset, ...] = PRESETS) -> Form:
    """Every preset with five seeds, and with operators at other rates of evasion too."""
    main = tuple(World(p.value, EVADE, seed, accounts) for p in presets for seed in SEEDS)
    other = tuple(
        World(p.value, evade, seed, accounts)
        for p in presets if has_operators(p) for evade in OTHER_EVADES for seed in EVADE_SEEDS
    )  # fmt: skip
    return Form("full", main + other, METHODS, main, judged=True)


def short() -> Form:
    """A few presets and two seeds of small worlds, with two peers; small worlds are easy, so none is judged."""
    worlds = [World(p.value, EVADE, seed, SHORT_ACCOUNTS) for p in SHORT_PRESETS for seed in SEEDS]
    run = tuple(world for world in worlds if world.seed in SHORT_SEEDS)
    return Form("short", run, (LINKAGE, CEILING, *SHORT_PEERS), tuple(worlds), judged=False)
