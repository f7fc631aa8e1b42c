from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from linkage.communities.interrupts import ctrl_c_waits

DURING = """
import os, signal, sys, threading, time
import igraph
import numpy as np
from linkage.communities.leiden import Edges, LeidenSettings, leiden
from linkage.config import Objective
rng = np.random.default_rng(0)
accounts, entities, links = 20_000, 20_000, 150_000
edges = Edges(accounts, accounts + entities, rng.integers(0, accounts, links),
              accounts + rng.integers(0, entities, links), rng.random(links) + 0.1)
run = igraph.Graph.community_leiden
def watched(*words, **more):
    threading.Thread(target=lambda: (time.sleep(0.02), os.kill(os.getpid(), signal.SIGINT))).start()
    found = run(*words, **more)
    print("Leiden ended", flush=True)
    return found
igraph.Graph.community_leiden = watched
try:
    leiden(edges, LeidenSettings(Objective.MODULARITY, 1.0, 2, 1))
except KeyboardInterrupt:
    print("then Ctrl-C", flush=True)
"""


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    """Ctrl-C as Python has it, before each test and after."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_comes_at_the_end() -> None:
    done: list[str] = []

    def interrupted() -> None:
        with ctrl_c_waits():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("work")
        done.append("never")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["work"]


def test_without_ctrl_c_nothing_is_noticed() -> None:
    with ctrl_c_waits():
        pass
    with pytest.raises(ZeroDivisionError), ctrl_c_waits():
        raise ZeroDivisionError


def test_who_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ctrl_c_waits():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_in_another_thread_it_does_nothing() -> None:
    told: list[bool] = []

    def work() -> None:
        with ctrl_c_waits():
            told.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == [True]


def test_leiden_is_let_finish() -> None:
    done = subprocess.run([sys.executable, "-c", DURING], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "Leiden ended\nthen Ctrl-C\n"), done.stderr
