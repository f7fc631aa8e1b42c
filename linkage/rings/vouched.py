"""Who pays as those do whom nobody could have framed.

A victim can be made to show a ring's prompts and devices; it does not pay with the ring's cards. So a card clears a
member all of whose other ties could have been planted, where two cleared members of one suspect ring use it, and
hardly anybody else; or one of its own ring, where other kinds tie it to that ring as well: who shares a card with an
account of an operator by chance has nothing else of its ring.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Ints
from linkage.rings.counts import World

VOUCHING = 2  # cleared members: one may be in its ring by mistake, and has a household and friends


def vouched_for(world: World, ring: Ints, tied: Ints) -> np.ndarray:
    """Which accounts that are not cleared use a thing that stays (a card) with cleared ones: booleans.

    ``ring`` has the suspect ring of each cleared account, -1 for all others. Two are enough, if they are of one ring,
    whichever: an operator buys cards for several; cards that members of many rings use are sold to honest people, too.
    One is enough for whom forgeable kinds tie to its ring: ``tied`` has that ring, -1 for all others. And the cleared
    members of that ring are at least half of the other users.
    """
    cleared = np.flatnonzero(ring >= 0)
    ones, rings = np.ones(len(cleared), dtype=np.int64), int(max(ring.max(initial=-1), tied.max(initial=-1))) + 1
    members = sp.csr_matrix((ones, (ring[cleared], cleared)), shape=(rings, world.accounts))
    found = np.zeros(world.accounts, dtype=bool)
    for background in world.kinds if len(cleared) else ():
        if background.stays:
            uses = background.incidence.matrix
            paying = (members @ uses).tocsr()
            own = _half(paying.max(axis=0).toarray().ravel(), VOUCHING, background.users)
            found |= np.asarray(uses @ own.astype(np.int64)) > 0
            found |= _with_one_of_theirs(paying, uses, background.users, tied)
    return found & (ring < 0)


def _with_one_of_theirs(paying: sp.csr_matrix, uses: sp.csr_matrix, users: Ints, tied: Ints) -> np.ndarray:
    """Which accounts use a thing with a cleared member of the ring they are tied to; ``paying``: rings x things."""
    account = np.flatnonzero(tied >= 0)
    entity, row = uses[account].indices, np.repeat(account, np.diff(uses.indptr)[account])
    found = np.zeros(len(tied), dtype=bool)
    if len(row):
        theirs = np.asarray(paying[tied[row], entity]).ravel()
        found[row[_half(theirs, 1, users[entity])]] = True
    return found


def _half(cleared: Ints, least: int, users: Ints) -> np.ndarray:
    """Where there are enough cleared ones, and half of the users but one."""
    return np.asarray((cleared >= least) & (2 * cleared >= users - 1))
