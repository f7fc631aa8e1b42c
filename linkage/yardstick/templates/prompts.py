"""Families of mutated templates: pairwise F1 over operators' prompts, and ordinary prompts in their families."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from linkage.errors import ConfigError
from linkage.simulator.streams import Streams
from linkage.yardstick.tables import markdown
from linkage.yardstick.templates.groups import drawn_in, pairs
from linkage.yardstick.templates.levels import LEVELS, Assign
from linkage.yardstick.templates.mixture import FAMILY, NOBODY, invented, mixed, real
from linkage.yardstick.templates.mutated import fixed_words, open_slots, same_words
from linkage.yardstick.templates.third_party import FILE, read_templates

OPERATORS = 12
ORDINARY = 6_000  # accounts
REAL_FAMILY = 15  # templates of an operator, where they are real: there are not enough for more
LEAST_WORDS = 20  # of a real template that an operator has: its requests say what is to be done, at length
SEEDS = (2109, 2110, 2111, 2112, 2113)
INVENTED, REAL = "invented words", "real templates"


def read_sources(data: Path) -> pd.DataFrame:
    """The third party's templates (:func:`read_templates`) in a folder of sets.

    Raises:
        ConfigError: they are not there.
    """
    path = data / "prompts" / FILE
    if not path.is_file():
        raise ConfigError(
            "the third party's prompt templates are not there.", where=str(path),
            todo="Name the folder that holds prompts/ with --data or in LINKAGE_DATA.",
        )  # fmt: skip
    return read_templates(path)


def world(style: str, sources: pd.DataFrame, seed: int, accounts: int = ORDINARY) -> pa.Table:
    """A mixture: operators' templates of the style among ordinary prompts of ``sources``.

    Where operators' templates are real, each is of another data set, and no ordinary prompt is of these sets. None is
    by a template that says the same as one of an operator's, nor do two of these: some are copied from set to set.
    """
    rng = Streams(seed).part("yardstick families")
    if style == INVENTED:
        sizes = rng.integers(*FAMILY, OPERATORS, endpoint=True).tolist()
        return mixed(sizes, invented, sources["jinja"].tolist(), accounts, seed)
    sets, texts = sources["dataset"].unique(), open_slots(sources["jinja"].tolist())
    theirs = sources["dataset"].isin(rng.permutation(sets)[: len(sets) // 2])
    told = sources.assign(text=texts, words=pd.Series(texts, index=sources.index).map(fixed_words))
    long = told[theirs & (told["words"].map(len) >= LEAST_WORDS)].sample(frac=1, random_state=rng)
    chosen = _said_once(long.drop_duplicates("dataset"))
    apart = ~told["words"].map(lambda words: any(same_words(words, other) for other in chosen["words"]))
    sizes = [len(part) for part in np.array_split(np.arange(len(chosen)), max(1, len(chosen) // REAL_FAMILY))]
    return mixed(sizes, real(chosen["text"].tolist()), told.loc[~theirs & apart, "jinja"].tolist(), accounts, seed)


def _said_once(templates: pd.DataFrame) -> pd.DataFrame:
    """Those that say something else than all before them."""
    said, first = templates["words"].tolist(), list[int]()
    for number, words in enumerate(said):
        if not any(same_words(words, said[other]) for other in first):
            first.append(number)
    return templates.iloc[first]


def measured(mixture: pa.Table, assign: Assign) -> pd.DataFrame:
    """By level: pairs true, found and both over operators' prompts; ordinary prompts, and those drawn in."""
    ids = assign(mixture.select(["account", "prompt"])).to_pandas()
    root = mixture["root"].to_pandas()
    theirs = root != NOBODY
    rows = []
    for level in LEVELS:
        found = pairs(ids.loc[theirs, level], root[theirs])
        rows.append({
            "level": level, "precision": found.precision, "recall": found.recall, "f1": found.f1,
            "operators": int(theirs.sum()), "ordinary": int((~theirs).sum()), "drawn": drawn_in(ids[level], theirs),
        })  # fmt: skip
    return pd.DataFrame(rows).set_index("level")


def families(data: Path, assign: Assign, seeds: Iterable[int] = SEEDS, accounts: int = ORDINARY) -> pd.DataFrame:
    """:func:`measured` for both styles and each seed: columns style and seed, and level in the index.

    Raises:
        ConfigError: see :func:`read_sources`.
    """
    sources = read_sources(data)
    parts = [
        measured(world(style, sources, seed, accounts), assign).assign(style=style, seed=seed)
        for style in (INVENTED, REAL) for seed in seeds
    ]  # fmt: skip
    return pd.concat(parts)


def prompts_table(found: pd.DataFrame) -> str:
    """A row for each style and level: means over the seeds, the lowest F1, all ordinary prompts together."""
    rows = []
    for (style, level), part in found.groupby(["style", found.index], sort=False):
        drawn, ordinary = int(part["drawn"].sum()), int(part["ordinary"].sum())
        rows.append([
            f"{style}, {level}", *(f"{part[name].mean():.4f}" for name in ("precision", "recall", "f1")),
            f"{part['f1'].min():.4f}", f"{drawn:,} of {ordinary:,}", f"{drawn / ordinary:.3%}",
        ])  # fmt: skip
    return markdown(["operators' templates, level", "precision", "recall", "pairwise F1", "F1, lowest of a seed",
                     "ordinary prompts in an operator's group", "share"], rows)  # fmt: skip
