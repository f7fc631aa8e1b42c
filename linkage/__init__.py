"""linkage finds which accounts of an AI service are run by the same hands, and explains every link.

From a run to a drawn ring::

    import linkage

    ring = linkage.open_run("runs/latest").ring("R-...")
    ring.draw()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linkage.reports.run import open_run as open_run

    __version__: str

__all__ = ["__version__", "open_run"]


def __getattr__(name: str) -> Any:
    # On first use only: importing linkage reads no file and loads no engine.
    if name == "open_run":
        from linkage.reports.run import open_run

        return open_run
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("linkage")
        except PackageNotFoundError:
            return "0+not-installed"
    raise AttributeError(f"module 'linkage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
