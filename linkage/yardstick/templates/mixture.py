"""Prompts of simulated operators, whose rings use mutated copies of their templates, mixed into ordinary prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from linkage.simulator.families import MUTATED
from linkage.simulator.prompts import Prompts
from linkage.simulator.streams import Ints, Streams, zipf_weights
from linkage.yardstick.templates.mutated import MutatedCopies
from linkage.yardstick.templates.third_party import Templates, varied

FAMILY = (10, 60)  # templates of an operator
RINGS = (2, 5)  # of an operator
RING_ACCOUNTS = (20, 150)
PART = (0.4, 0.8)  # of its operator's templates that a ring uses
TEMPLATES_USED = 4.0  # mean, of an account, beyond four
REPEATS = (1, 4)  # prompts of an account by one template
ORDINARY_PROMPTS = 3.0  # mean, of an ordinary account, beyond three
NOBODY = -1
Write = Callable[[Ints, Ints, Streams], pa.Array]
"""Writes a prompt for each template; the second array has for each template that there is the root it is a copy of."""


@dataclass(frozen=True)
class Uses:
    """What operators' accounts use, a row a prompt: account, template; and the ``root`` of each template there is."""

    account: Ints
    template: Ints
    root: Ints


def operators_uses(sizes: Sequence[int], rng: np.random.Generator) -> Uses:
    """Accounts of operators that have so many templates each: every ring uses a part, half of it as mutated copies."""
    root = list(range(sum(sizes)))
    rows, accounts = [], 0
    for start, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
        for _ in range(rng.integers(*RINGS, endpoint=True)):
            picks = int(start) + rng.permutation(size)[: max(4, round(size * rng.uniform(*PART)))]
            mutated = rng.random(len(picks)) < MUTATED
            templates = np.where(mutated, len(root) + np.cumsum(mutated) - 1, picks)
            root += picks[mutated].tolist()
            ring = accounts + np.arange(rng.integers(*RING_ACCOUNTS, endpoint=True))
            accounts = int(ring[-1]) + 1
            owner = np.repeat(ring, 4 + rng.poisson(TEMPLATES_USED, len(ring)))
            used = pd.DataFrame({"account": owner, "template": rng.choice(templates, len(owner))}).drop_duplicates()
            rows.append(used.loc[used.index.repeat(rng.integers(*REPEATS, len(used), endpoint=True))])
    every = pd.concat(rows)
    return Uses(every["account"].to_numpy(), every["template"].to_numpy(), np.array(root, dtype=np.int64))


def invented(template: Ints, root: Ints, streams: Streams) -> pa.Array:
    """Prompts of the simulator: invented words, mutated as in its worlds."""
    return Prompts(root, streams).text(template, streams.part("yardstick slots"))


def real(sources: Sequence[str]) -> Write:
    """Prompts of real templates (as many as there are roots), mutated in the simulator's way."""
    return lambda template, root, streams: MutatedCopies(sources, root, streams).text(template)


def ordinary(sources: Sequence[str], accounts: int, streams: Streams) -> pa.Table:
    """Prompts of ordinary accounts from templates of which some are popular: account and prompt."""
    rng = streams.part("yardstick ordinary")
    templates, fill = Templates(sources, int(rng.integers(1 << 62))), varied(rng)
    owner = np.repeat(np.arange(accounts), 3 + rng.poisson(ORDINARY_PROMPTS, accounts))
    popular = rng.permutation(len(sources))
    chosen = popular[rng.choice(len(sources), len(owner), p=zipf_weights(len(sources), 1.0, 5.0))]
    prompts = [templates.filled(number, fill) for number in chosen.tolist()]
    table = pa.table({"account": pa.array(owner), "prompt": prompts})
    return table.filter(pc.not_equal(table["prompt"], ""))


def mixed(sizes: Sequence[int], write: Write, sources: Sequence[str], accounts: int, seed: int) -> pa.Table:
    """Operators with so many templates each among ordinary ``accounts``, in random order.

    Columns: account, prompt, root: the number of the template, NOBODY where the prompt is an ordinary one.
    """
    streams = Streams(seed)
    rng = streams.part("yardstick operators")
    uses = operators_uses(sizes, rng)
    others = ordinary(sources, accounts, streams)
    account = np.concatenate([uses.account, others["account"].to_numpy() + int(uses.account.max()) + 1])
    root = np.concatenate([uses.root[uses.template], np.full(len(others), NOBODY)])
    prompts = pa.chunked_array([write(uses.template, uses.root, streams), *others["prompt"].chunks])
    table = pa.table({"account": pa.array(account).cast(pa.string()), "prompt": prompts, "root": root})
    return table.take(pa.array(rng.permutation(len(table)))).combine_chunks()
