"""How work runs: SQL steps, whose stage names them while the engine knows the dialect, and processes side by side."""

from linkage.engines.duckdb import DuckDBEngine
from linkage.engines.sealed import SealedEngine, nothing_quoted
from linkage.engines.step import Engine, Step
from linkage.engines.workers import Workers, cores, dealt, peak_memory

__all__ = [
    "DuckDBEngine", "Engine", "SealedEngine", "Step", "Workers", "cores", "dealt", "nothing_quoted", "peak_memory",
]  # fmt: skip
