"""The named worlds: who lives there, and how their operators work; :mod:`cases` says what each models.

Days count from 1 April 2026 (day 0). Volumes are exchanges an account and day before :attr:`Mix.scale`. The published
figures behind them: 25,000 accounts with 28.8 million exchanges from 22 April to 5 June 2026 (26 an account and day);
three earlier campaigns of 0.15, 3.4 and 13 million by 24,000 accounts together, one of which moved half of its traffic
to a new model within 24 hours; a proxy network of over 20,000 accounts that also carried unrelated customers; a pooled
relay of 6 accounts with 53,655 exchanges; over 20,000 sign-ups within 3 days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum

PUBLISHED_DAILY = 26.0  # 28.8 million / 25,000 accounts / 45 days
QUARTER_END = 90
RELEASE_DAY = 14  # 15 April: inside the earlier campaigns, and before the large one


class Preset(StrEnum):
    """The named worlds."""

    CAMPAIGN = "campaign"
    MARKET = "market"
    THIN = "thin"
    FAT = "fat"
    MIXED_PROXY = "mixed-proxy"
    DOMINANT = "dominant"
    QUIET = "quiet"
    FACTORY = "factory"
    HONEST = "honest"
    SEED_SCALE = "seed-scale"


class Signup(IntEnum):
    """When the accounts of a ring are created: in up to three bursts of days, by and by, or all at once."""

    BURSTS = 0
    SPREAD = 1
    FACTORY = 2


@dataclass(frozen=True)
class Operation:
    """How one operator works, or (``market``) how many alike do; ring sizes follow a power law."""

    share: float = 1.0  # of the accounts of all operators
    market: bool = False  # many operators that share these accounts
    smallest: int = 15
    smallest_share: float = 0.0  # of the operation's accounts; the larger of both holds
    largest: int = 1_000_000
    largest_share: float = 0.5
    tail: float = 1.0  # Pareto exponent of ring sizes
    rings_per_operator: int = 6  # at most; of markets
    days: tuple[int, int] = (0, QUARTER_END)  # first and last day of its traffic
    begins: tuple[float, float] = (0.0, 62.0)  # days after the first one within which a ring's sign-ups begin
    leaves: float = 0.5  # share of accounts that are given up early
    daily: tuple[float, float] = (PUBLISHED_DAILY, PUBLISHED_DAILY)  # a ring's load lies between
    each: float = 0.0  # exchanges of an account in all, on average: if given, daily says only how rings differ
    unequal: float = 0.15  # sigma of the logarithm of the loads within a ring
    signup: Signup = Signup.BURSTS
    rhythm: tuple[float, float, float] = (0.6, 0.4, 0.0)  # rings around the clock, in shifts, like people
    spare: float = 0.05  # share of accounts that are hardly used
    sleeper: float = 0.0  # share of accounts created long before their first use
    balanced: bool = False  # its jobs go to any of its accounts, by load, not to rings of their own
    replaced: float = 0.2  # share of accounts that replace a banned one
    hand_off: tuple[float, float] = (10.0, 240.0)  # mean seconds until the next account goes on; a ring's lies between
    serves: tuple[int, ...] = ()  # a proxy: operations whose traffic it carries, the main one first
    carries: tuple[float, ...] = ()  # parts of those whom it serves; if not given, each has 1.5 times the next one's
    innocent: float = 0.0  # share of a proxy's traffic that is of innocent customers


@dataclass(frozen=True)
class Mix:
    """Shares of all accounts by group (what is left are individuals), volumes, and the operations."""

    operator: float = 0.12
    operations: tuple[Operation, ...] = ()
    household: float = 0.12
    own_accounts: float = 0.06
    company: float = 0.13
    agency: float = 0.02
    fleet: float = 0.02
    campus: float = 0.03
    vpn_user: float = 0.08
    scale: float = 0.25  # volumes of everybody, operators and honest alike, are multiplied by it
    honest_daily: float = 0.6  # median exchanges of an honest account and day, before the scale
    honest_each: float = 0.0  # exchanges of an honest account in all, on average: if given, in place of honest_daily


# In proportion to exchanges: 0.15, 3.4 and 13 of 16.55 million have 217, 4,931 and 18,852 of the 24,000 accounts.
# 1,152 and 690 exchanges an account over the whole campaign; not every account works through all of it, so that a day's
# work is more than the published average of 26 an account and day. Most accounts were there from the first days on.
EARLY = (-25.0, 4.0)
KNOWN = (
    Operation(25_000 / 49_000, smallest_share=1 / 60, days=(21, 65), begins=EARLY, leaves=0.1, daily=(35.0, 41.0)),
    Operation(18_852 / 49_000, smallest_share=1 / 60, days=(0, 32), begins=EARLY, leaves=0.1, daily=(28.0, 32.0)),
    Operation(4_931 / 49_000, smallest_share=1 / 60, days=(2, 27), begins=EARLY, leaves=0.1, daily=(41.0, 47.0)),
    Operation(217 / 49_000, days=(0, 19), begins=EARLY, leaves=0.1, daily=(41.0, 47.0)),
)
MARKET = Operation(market=True, largest=1_500, largest_share=0.2, daily=(1.2, 2.4))
THIN = Operation(market=True, largest_share=0.25, days=(7, 70), begins=(-10.0, 15.0), leaves=0.1, unequal=0.08)
RELAY = Operation(
    market=True, smallest=5, largest=12, tail=2.0, rings_per_operator=3, daily=(120.0, 260.0), unequal=0.3,
    replaced=0.25, hand_off=(3.0, 30.0), spare=0.0,
)  # 53,655 exchanges / 6 accounts / 45 days = 199 a day
QUIET = Operation(
    market=True, largest_share=0.2, daily=(0.5, 1.5), unequal=0.9, signup=Signup.SPREAD, rhythm=(0.0, 0.2, 0.8),
    sleeper=0.4, replaced=0.1, hand_off=(120.0, 900.0),
)
# The known cases at their size: 49,000 accounts of operators and 1,000,000 others. The second and third campaign (13
# and 3.4 million) work through a proxy of 20,000 accounts, beside rings of their own; the fourth (0.15) is alone.
# The innocent customers' fifth of the proxy's traffic is of the service's own 90 million.
KNOWN_ACCOUNTS, SERVICE, SERVICE_EXCHANGES = 49_000, 1_000_000, 90_000_000
PUBLISHED_EACH = 16_550_000 / 24_000
THROUGH_PROXY = (13_000_000 - 2_700 * PUBLISHED_EACH, 3_400_000 - 1_083 * PUBLISHED_EACH)
INNOCENT = 0.2
PROXY_EACH = sum(THROUGH_PROXY) / (1 - INNOCENT) / 20_000
EARLIER = replace(KNOWN[1], share=2_700 / KNOWN_ACCOUNTS, smallest_share=1 / 12, each=PUBLISHED_EACH)
AT_SIZE = (
    replace(KNOWN[0], share=25_000 / KNOWN_ACCOUNTS, each=28_800_000 / 25_000),
    EARLIER,
    replace(EARLIER, share=1_083 / KNOWN_ACCOUNTS),
    replace(KNOWN[3], share=217 / KNOWN_ACCOUNTS, each=150_000 / 217),
    replace(
        EARLIER, share=20_000 / KNOWN_ACCOUNTS, smallest_share=1.0, largest_share=1.0, each=PROXY_EACH, serves=(1, 2),
        carries=THROUGH_PROXY, innocent=INNOCENT,
    ),
)

MIXES = {
    Preset.CAMPAIGN: Mix(0.10, KNOWN),
    Preset.MARKET: Mix(0.12, (MARKET,), scale=0.4),
    Preset.THIN: Mix(0.03, (THIN,), scale=1.0, honest_daily=1.0),
    Preset.FAT: Mix(0.015, (RELAY,), scale=0.4),
    Preset.MIXED_PROXY: Mix(0.12, (
        Operation(share=0.25, smallest_share=0.05, daily=(2.0, 8.0)),
        Operation(share=0.15, smallest_share=0.05, daily=(2.0, 8.0)),
        Operation(share=0.35, smallest_share=1.0, largest_share=1.0, daily=(4.0, 8.0), serves=(0, 1), innocent=0.35),
        Operation(share=0.25, market=True, largest_share=0.3, daily=(1.2, 8.0)),
    )),
    Preset.DOMINANT: Mix(0.13, (
        Operation(share=0.10 / 0.13, smallest_share=0.12, daily=(1.0, 4.0), balanced=True),
        Operation(share=0.03 / 0.13, market=True, largest_share=0.2, daily=(1.2, 8.0)),
    )),
    Preset.QUIET: Mix(0.06, (QUIET,)),
    Preset.FACTORY: Mix(0.20, (
        Operation(share=0.75, smallest_share=0.04, daily=(2.0, 8.0), signup=Signup.FACTORY, spare=0.6, replaced=0.0),
        Operation(share=0.25, market=True, largest_share=0.2, daily=(1.2, 8.0)),
    )),
    Preset.HONEST: Mix(0.0),
    Preset.SEED_SCALE: Mix(
        KNOWN_ACCOUNTS / (SERVICE + KNOWN_ACCOUNTS), AT_SIZE, scale=1.0,
        honest_each=(SERVICE_EXCHANGES - INNOCENT * PROXY_EACH * 20_000) / SERVICE,
    ),
}  # fmt: skip
USUAL_ACCOUNTS = 20_000  # of a world whose size is not said


def usual_accounts(preset: Preset) -> int:
    """The accounts of a world of ``preset`` whose size is not said: the known cases stand at their own."""
    return SERVICE + KNOWN_ACCOUNTS if preset == Preset.SEED_SCALE else USUAL_ACCOUNTS
