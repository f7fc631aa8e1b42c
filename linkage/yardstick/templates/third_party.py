"""Prompts from other people's templates: real Jinja templates, whose slots are filled with varied text.

The templates (promptsource, bigscience, Apache-2.0) ask for the fields of data sets that are not here, so that each
name in them stands for a :class:`Slot`: a text, and whatever else a template takes it for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jinja2 import TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from linkage.simulator.words import names, numbers, passages, quotations, urls

FILE = "promptsource_templates.jsonl.gz"
ANSWER = "|||"  # ends what is asked; the answer that follows is no part of a prompt
MANY = 3  # entries of a slot that is taken for a list
TEXTS = 10_000  # made at a time; each fills one slot, so that nothing but templates comes again
SHARES = {passages: 0.6, names: 0.15, quotations: 0.1, numbers: 0.1, urls: 0.05}
KNOWN = {"zip", "range"}  # names that no data set fills
Fill = Callable[[], str]


def read_templates(path: Path) -> pd.DataFrame:
    """Templates that ask different things: ``dataset`` that each is for, and ``jinja``, its text with the answer."""
    read = pd.read_json(path, lines=True)[["dataset", "jinja"]].sort_values(["dataset", "jinja"])
    asked = read["jinja"].str.split(ANSWER, regex=False).str[0].str.strip()
    return read[(asked != "") & ~asked.duplicated()].reset_index(drop=True)


def varied(rng: np.random.Generator) -> Fill:
    """Texts for slots, a new one each call: running text mostly, names, quotations, numbers, addresses."""
    texts: Iterator[str] = chain.from_iterable(_texts(rng) for _ in count())
    return lambda: next(texts)


def _texts(rng: np.random.Generator) -> list[str]:
    parts = [kind(int(TEXTS * share), rng) for kind, share in SHARES.items()]
    made: list[str] = pa.concat_arrays(parts).take(pa.array(rng.permutation(TEXTS))).to_pylist()
    return made


class Slot(str):
    """A text that also answers to every field, place and call with another one, and to a loop with MANY."""

    fill: Fill

    def __new__(cls, fill: Fill) -> Slot:
        """A slot with the next text of ``fill``."""
        made = super().__new__(cls, fill())
        made.fill = fill
        return made

    def __getitem__(self, place: Any) -> str:
        return str.__getitem__(self, place) if isinstance(place, slice) else Slot(self.fill)

    def __iter__(self) -> Iterator[str]:
        return iter([Slot(self.fill) for _ in range(MANY)])

    def __len__(self) -> int:
        return MANY

    def __call__(self, *_: object) -> Slot:
        return Slot(self.fill)


class Templates:
    """Jinja templates, to be filled by number; a name that a template does not set itself is a slot."""

    def __init__(self, sources: Sequence[str], seed: int) -> None:
        chooser = random.Random(seed)
        environment = SandboxedEnvironment()
        environment.globals.update(zip=zip)
        environment.filters["choice"] = lambda several: chooser.choice(list(several))
        environment.filters["most_frequent"] = lambda several: list(several)[:1]
        self._made = [environment.from_string(source) for source in sources]
        self._slots = [sorted(find_undeclared_variables(environment.parse(source)) - KNOWN) for source in sources]

    def filled(self, number: int, fill: Fill) -> str:
        """A prompt of a template; '' where it asks for what a text can't be (arithmetic, most of all)."""
        pieces = self._made[number].generate({name: Slot(fill) for name in self._slots[number]})
        try:
            text = "".join(takewhile(lambda piece: ANSWER not in piece, parted(pieces)))
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            return ""
        return text.strip()


def parted(pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a text, with ANSWER in a piece of its own."""
    for piece in pieces:
        before, answer, _ = piece.partition(ANSWER)
        yield before
        if answer:
            yield answer
