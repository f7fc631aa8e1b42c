"""What each preset models, and from which source."""

from __future__ import annotations

from linkage.simulator.presets import Preset

MODELS = {
    Preset.CAMPAIGN: (
        "The known cases in proportion: four operators, the large one with 25,000 of 49,000 accounts and 28.8 "
        "million exchanges in six weeks (22 April to 5 June), and the three earlier ones (0.15, 3.4 and 13 "
        "million exchanges by 24,000 accounts together). How these 24,000 were divided is not published; here "
        "they stand in proportion to exchanges, with rings of at least 15. The earlier dates are not "
        "published by the day; here they run from 1 April to 3 May. Every operator has several rings of "
        "heavy-tailed sizes. On 15 April a model is released: operators work half as much again for three "
        "days, and half of their traffic is on the new model within a day. 26 requests an account and day; "
        "all volumes, of honest accounts too, are a quarter of the real ones."
    ),
    Preset.MARKET: (
        "Not one published case but many: 12 % of the accounts belong to a few dozen operators with one to "
        "six rings each, of 15 to 1,500 accounts. Volumes near those of honest people."
    ),
    Preset.THIN: (
        "What the largest campaign looks like from one account: 26 requests a day, almost the same for every "
        "account of a ring, nothing scaled down. Many honest accounts do more. 3 % of the accounts."
    ),
    Preset.FAT: (
        "Pooled relays, after one of 6 accounts with 53,655 exchanges: rings of 5 to 12 accounts with "
        "thousands of exchanges each. When one account meets its limit (429) or is banned, the next goes on "
        "within seconds to a minute. Volumes are 0.4 of the real ones."
    ),
    Preset.MIXED_PROXY: (
        "After the proxy network of over 20,000 accounts that carried unrelated customers too: one ring whose "
        "accounts serve two operators (39 % and 26 % of its traffic) and innocent customers (35 %) at once, "
        "beside rings that these two run alone, and other operators. `traffic.parquet` says for every "
        "exchange of the proxy whose it is."
    ),
    Preset.DOMINANT: (
        "One operator with 10 % of all accounts in a few huge rings, and small ones beside it. It asks what a "
        "degree cap does: the largest operator is itself a hub. It balances its load: any job goes to any of "
        "its accounts, so that templates tell the operator but not the ring."
    ),
    Preset.QUIET: (
        "Operators who behave: accounts created over months, four in ten of them long before their first use, "
        "hours and weeks like people's, loads as unequal as people's, low volumes."
    ),
    Preset.FACTORY: (
        "After the sign-up factory with over 20,000 accounts in 3 days: one operator's 15 % of all accounts "
        "are created within three days; six in ten are hardly used."
    ),
    Preset.HONEST: (
        "Nobody operates. Whatever a method calls suspect here is wrong."
    ),
    Preset.SEED_SCALE: (
        "The known cases at their size, for speed and memory: four operators with 49,000 accounts in a service of "
        "1,000,000 others that have 90 million exchanges. The large one has 25,000 accounts and 28.8 million exchanges "
        "from 22 April to 5 June; the earlier ones have 13, 3.4 and 0.15 million by 24,000 accounts. The first two of "
        "these work through one proxy of 20,000 accounts, a fifth of whose traffic is of innocent customers (and "
        "counts among the service's 90 million), and have rings of their own with 2,700 and 1,083 accounts; how the "
        "24,000 were divided is not published. With fewer accounts everything is smaller in proportion but an "
        "account's own exchanges."
    ),
}
PUBLISHED = (
    "Published: 25,000 accounts with 28.8 million exchanges in 45 days (26 an account and day); 24,000 "
    "accounts with 16 million; a proxy of over 20,000 accounts; a relay of 6 accounts with 53,655; 20,000 "
    "sign-ups in 3 days."
)
