"""First stage: from the service's own logs to accounts, entities and observations, with every row accounted for."""

from linkage.sources.read import SourcesReport, read_sources

__all__ = ["SourcesReport", "read_sources"]
