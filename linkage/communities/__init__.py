"""Community detection on the account-entity graph. Its communities are candidates; the code length decides."""

from linkage.communities.candidates import proposer
from linkage.communities.tables import candidates_table

__all__ = ["candidates_table", "proposer"]
