"""How SQL steps run. A stage names its steps; the engine knows the dialect."""

from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.step import Engine, Step

__all__ = ["DuckDBEngine", "Engine", "Step"]
