"""Parts that the core install leaves out."""

from __future__ import annotations

from importlib.util import find_spec

from linkage.errors import MissingExtra

# What is behind each extra of pyproject.toml: advice names these, as an index may hold another project called linkage
EXTRAS = {"report": ("jinja2", "matplotlib"), "notebook": ("ipykernel", "nbclient", "nbformat")}


def require(module: str, extra: str) -> None:
    """Make sure that an optional library is installed before it is imported.

    Raises:
        MissingExtra: it is not; says the command that installs it.
    """
    if find_spec(module) is None:
        raise MissingExtra(
            f"this needs {module}, which is not installed.", todo=f"Run: pip install {' '.join(EXTRAS[extra])}"
        )
