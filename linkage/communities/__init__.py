"""Community detection on the account-entity graph. Its communities are candidates; the code length decides."""

from linkage.communities.candidates import LARGE, inner_proposer, proposer, ready_to_propose
from linkage.communities.tables import candidates_table

__all__ = ["LARGE", "candidates_table", "inner_proposer", "proposer", "ready_to_propose"]
