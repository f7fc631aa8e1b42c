"""Community detection on the account-entity graph. Its communities are candidates; the code length decides."""

from linkage.communities.candidates import propose

__all__ = ["propose"]
