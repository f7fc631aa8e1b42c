"""Nobody is accused for values that anyone can put on a stranger's account.

Who knows what a ring uses can make a stranger's account show it: send its prompts, show its devices. What an attacker
can't do is use the ring's cards and addresses in somebody else's name, or take a stranger's own values away. So a
member of a suspect ring is more than a bystander only by evidence that is not freely forgeable, or when it has no life
of its own.
"""

from __future__ import annotations

import numpy as np

from linkage.rings.codelength import Ints
from linkage.rings.counts import Counts, KindCounts, World, groups_of
from linkage.rings.profile import Pairs

OWN_USERS = 3  # members that use a ring's own entity: one may be framed, and a second one of its household
EVERYBODY = 0.99  # of all accounts have a kind of which every honest one, too, has things of its own
NO_LIFE = 2  # entities of a kind that an account without a life of its own has, all of them the ring's own


def plantable(world: World, labels: Ints, counts: Counts, pairs: Pairs) -> np.ndarray:
    """Which members could be strangers with planted values: one boolean for each of ``pairs``, the members by account.

    All others have firm evidence (:func:`without_firm_evidence`); or use an entity of a kind that is not forgeable and
    is the ring's own (three members or more use it, and no more strangers); or all that they use of a forgeable kind,
    two things or more, is the ring's own: an honest account's own values stay, whatever is planted. That says nothing
    of kinds that many accounts do not have at all: there all that a victim has is what was planted.
    """
    account = groups_of(labels, len(counts.size)).indices
    cleared = np.zeros(world.accounts, dtype=bool)
    for background, numbers in zip(world.kinds, counts.kinds, strict=True):
        own, uses = _own_links(background.users, numbers), numbers.member_breadth
        if not background.incidence.kind.forgeable:
            cleared[account[own > 0]] = True
        elif np.mean(background.breadth > 0) >= EVERYBODY:
            cleared[account[(own == uses) & (uses >= NO_LIFE)]] = True
    return without_firm_evidence(world, pairs) & ~cleared[pairs.account]


def without_firm_evidence(world: World, pairs: Pairs) -> np.ndarray:
    """Whose log-odds are not positive by kinds that are not freely forgeable and the prior alone; per pair."""
    firm = np.array([not b.incidence.kind.forgeable for b in world.kinds] + [True])
    return np.asarray(pairs.bits[firm].sum(axis=0) <= 0)


def _own_links(users: Ints, numbers: KindCounts) -> Ints:
    """How many of the ring's own entities each membership uses."""
    own = (numbers.k >= OWN_USERS) & (2 * numbers.k >= users[numbers.entity])
    return np.asarray(np.bincount(numbers.link_member[own[numbers.link_cell]], minlength=len(numbers.member_group)))
