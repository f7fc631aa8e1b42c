"""First stage: from the service's own logs to accounts, entities and observations, with every row accounted for."""

from linkage.sources.amount import Amount, amount_of
from linkage.sources.read import SourcesReport, read_sources

__all__ = ["Amount", "SourcesReport", "amount_of", "read_sources"]
