"""Words of invented prompts, and the varied text that fills a prompt's slots."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkage.simulator.names import HEX, random_text
from linkage.simulator.spec import START
from linkage.simulator.streams import Floats, Ints, repeat_counts


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FREQUENT = _listed(
    "the of to and a in is for that with on as it be this from by are or an at not your you if each all any only "
    "what which when how then than into one two more most must should will can may use give write list text data "
    "answer question user following below above example step first next last result output input format table value "
    "name line word short long clear read check explain compare return include avoid keep change find make sure"
)
ONSETS = _listed("b br c cl d dr f fl g gr h j k l m n p pl pr qu r s sc sh sl sp st t tr v w")
NUCLEI = _listed("a e i o u ai ea ou")
ENDINGS = _listed("l ment n nd r ring s ster t tion")
WORDS = tuple(dict.fromkeys((*FREQUENT, *(f"{o}{n}{e}" for e, n, o in product(ENDINGS, NUCLEI, ONSETS)))))
SUFFIXES = ("com", "org", "net", "io", "de", "co.uk")
FIRST_NAMES = _listed(
    "Ada Amir Ana Ben Carla Chen Daria Emeka Fatima Goran Hana Igor Jun Kofi Lena Mei Nadia Omar Priya Rosa Sven Tom "
    "Uma Vera Wang Yara Zoe"
)
LAST_NAMES = _listed(
    "Adeyemi Bauer Costa Diaz Eriksen Fischer Garcia Haddad Ito Jensen Khan Lopez Meyer Novak Okafor Park Quinn Rossi "
    "Singh Tanaka Ueda Vargas Weber Xu Young Zhang"
)
Filler = Callable[[int, np.random.Generator], pa.Array]


@cache
def _words() -> pa.Array:
    """WORDS as Arrow, made when needed: pyarrow imports pandas when it first makes an array of Python objects."""
    return pa.array(WORDS)


def common_words(uniform: Floats) -> Ints:
    """Words by Zipf's law (exponent one): the number in WORDS for each of ``uniform`` in 0 to 1."""
    return np.minimum((len(WORDS) + 1.0) ** uniform - 1, len(WORDS) - 1).astype(np.int64)


def _some(count: int, rng: np.random.Generator) -> pa.Array:
    return _words().take(pa.array(common_words(rng.random(count))))


def _glued(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _joined(counts: Ints, separator: str, rng: np.random.Generator) -> pa.Array:
    """As many words as ``counts`` says for each, with ``separator`` between."""
    owner, _ = repeat_counts(counts)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(offsets, _some(len(owner), rng)), separator)


def numbers(count: int, rng: np.random.Generator) -> pa.Array:
    """Whole numbers of one to seven digits."""
    return pc.cast(pa.array((10 ** rng.uniform(0, 7, count)).astype(np.int64)), pa.string())


def names(count: int, rng: np.random.Generator) -> pa.Array:
    """First and last names."""
    first, last = (pa.array(n).take(pa.array(rng.integers(0, len(n), count))) for n in (FIRST_NAMES, LAST_NAMES))
    return pc.binary_join_element_wise(first, last, " ")


def quotations(count: int, rng: np.random.Generator) -> pa.Array:
    """Two to eight words between quotation marks."""
    return _glued('"', _joined(rng.integers(2, 9, count), " ", rng), '"')


def urls(count: int, rng: np.random.Generator) -> pa.Array:
    """Addresses of pages."""
    suffix = pa.array(SUFFIXES).take(pa.array(rng.integers(0, len(SUFFIXES), count)))
    return _glued("https://www.", _some(count, rng), ".", suffix, "/", _some(count, rng), "/", numbers(count, rng))


def emails(count: int, rng: np.random.Generator) -> pa.Array:
    """Addresses of e-mail."""
    suffix = pa.array(SUFFIXES).take(pa.array(rng.integers(0, len(SUFFIXES), count)))
    return _glued(_some(count, rng), numbers(count, rng), "@", _some(count, rng), ".", suffix)


def dates(count: int, rng: np.random.Generator) -> pa.Array:
    """Days of the last ten years, as ISO 8601 has them."""
    day = int(START.timestamp()) // 86_400 - rng.integers(0, 3_650, count).astype(np.int32)
    return pc.strftime(pa.array(day.astype(np.int32)).cast(pa.date32()), format="%Y-%m-%d")


def code(count: int, rng: np.random.Generator) -> pa.Array:
    """Fenced blocks of two lines."""
    first, second = _some(count, rng), _some(count, rng)
    return _glued("\n```\n", first, " = ", second, "(", numbers(count, rng), ")\nprint(", first, ")\n```\n")


def items(count: int, rng: np.random.Generator) -> pa.Array:
    """Lists of two to five items, a line each."""
    return _glued("\n- ", _joined(rng.integers(2, 6, count), "\n- ", rng), "\n")


def passages(count: int, rng: np.random.Generator) -> pa.Array:
    """Running text of five to sixty words."""
    return _joined(rng.integers(5, 61, count), " ", rng)


def identifiers(count: int, rng: np.random.Generator) -> pa.Array:
    """Long hexadecimal ids."""
    return random_text(count, "", 24, HEX, rng)


SLOTS: dict[str, Filler] = {
    "number": numbers, "name": names, "quotation": quotations, "url": urls, "email": emails, "date": dates,
    "code": code, "items": items, "passage": passages, "identifier": identifiers,
}  # fmt: skip
