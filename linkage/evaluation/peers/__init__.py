"""What one would use instead: components, communities, pair scores, dense blocks, ranked groups.

Each peer takes the graph of a links table (``model.LINKS``: account, entity, kind) and returns a label per account.
"""

from linkage.evaluation.peers.catalogue import PEERS, Peer, peers
from linkage.evaluation.peers.graph import Bipartite, NotRun, bipartite

__all__ = ["PEERS", "Bipartite", "NotRun", "Peer", "bipartite", "peers"]
