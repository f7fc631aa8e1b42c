"""``import linkage`` needs nothing, touches nothing, and says who it is."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

import linkage

ROOT = Path(linkage.__file__).parent.parent
WATCH = """
    import os, sys, sysconfig
    paths = tuple(sysconfig.get_path(p) for p in ("stdlib", "platstdlib", "purelib", "platlib"))
    opened, asked = [], []
    def watch(event, args):
        if event in ("open", "os.listdir", "os.scandir", "socket.connect", "subprocess.Popen"):
            opened.append(str(args[0]))
    original = os._Environ.__getitem__
    def getitem(self, key):
        asked.append(key)
        return original(self, key)
    os._Environ.__getitem__ = getitem
    before = set(sys.modules)
    sys.addaudithook(watch)
    import linkage
    python = (os.path.dirname(linkage.__file__), *paths)
    print("outside:", [p for p in opened if not os.path.abspath(p).startswith(python) and p not in sys.path])
    print("variables:", asked)
    print("modules:", sorted({m.partition(".")[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))
"""
BLOCKED = """
    import sys
    class Block:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in {blocked}:
                raise ModuleNotFoundError(name)
    sys.meta_path.insert(0, Block())
"""


def python(script: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **environment}, timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_opens_no_file_reads_no_variable_and_loads_no_library() -> None:
    assert python(WATCH).splitlines() == ["outside: []", "variables: []", "modules: ['linkage']"]


def test_the_watch_notices_a_file_and_a_variable() -> None:
    both = "import linkage; open('pyproject.toml').close(); os.environ['HOME']\n"
    told = python(WATCH.replace("import linkage\n", both))
    assert told.splitlines()[:2] == ["outside: ['pyproject.toml']", "variables: ['HOME']"]


def test_opening_a_run_needs_no_extra() -> None:
    script = textwrap.dedent(BLOCKED.format(blocked={"matplotlib", "jinja2", "nbformat"})) + textwrap.dedent("""
        import linkage
        print(linkage.open_run.__module__)
    """)
    assert python(script) == "linkage.reports.run\n"


def test_version_is_the_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert linkage.__version__ in (declared, "0+not-installed")


def test_version_without_an_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert linkage.__version__ == "0+not-installed"


def test_names_are_listed_and_others_refused() -> None:
    assert {"open_run", "__version__"} <= set(dir(linkage))
    with pytest.raises(AttributeError, match="module 'linkage' has no attribute 'close_run'"):
        linkage.close_run  # noqa: B018  reading the attribute is the test
