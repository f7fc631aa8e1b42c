"""Who pays as those do whom nobody could have framed.

A victim can be made to show a ring's prompts and devices; it does not pay with the ring's cards. So a card clears a
member all of whose other ties could have been planted, where two cleared members of one suspect ring use it, and
hardly anybody else.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from linkage.rings.codelength import Ints
from linkage.rings.counts import World

VOUCHING = 2  # cleared members: one may be in its ring by mistake, and has a household and friends


def vouched_for(world: World, ring: Ints) -> np.ndarray:
    """Which accounts that are not cleared use a thing that stays (a card) with two cleared ones: booleans.

    ``ring`` has the suspect ring of each cleared account, -1 for all others. The two are of one ring, whichever: an
    operator buys cards for several; cards that members of many rings use are sold to honest people, too. And the
    cleared members of that ring are at least half of its other users.
    """
    cleared = np.flatnonzero(ring >= 0)
    ones, shape = np.ones(len(cleared), dtype=np.int64), (int(ring.max(initial=-1)) + 1, world.accounts)
    members = sp.csr_matrix((ones, (ring[cleared], cleared)), shape=shape)
    found = np.zeros(world.accounts, dtype=bool)
    for background in world.kinds if len(cleared) else ():
        if background.stays:
            uses = background.incidence.matrix
            most = (members @ uses).max(axis=0).toarray().ravel()
            own = (most >= VOUCHING) & (2 * most >= background.users - 1)
            found |= np.asarray(uses @ own.astype(np.int64)) > 0
    return found & (ring < 0)
