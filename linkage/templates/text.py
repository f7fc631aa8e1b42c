"""A cell of a log as the text that a person or a program wrote, in one form for all that looks the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates.ids import bytes_of
from linkage.templates.letters import GONE, letters

_UNSEEN = r"[\x00-\x08\x0e-\x1f\x7f]+"
_LINES = r"[ \t\r\x0b\x0c]*\n[ \t\r\x0b\x0c\n]*"
_BLANKS = r"[ \t\r\x0b\x0c]{2,}|[\t\r\x0b\x0c]"


def texts(cells: pa.StringArray) -> pa.StringArray:
    """The text of each cell: what system and user say in a chat array or request in JSON, else the cell as it is."""
    return cells


def normalised(texts: pa.StringArray) -> pa.StringArray:
    """Texts in one form for all that looks the same; null stays null.

    NFKC, look-alikes as the ASCII that they imitate, nothing invisible, runs of blanks as one blank, or as one line
    break when there is one among them, none at the ends.
    """
    beyond = pc.invert(pc.string_is_ascii(texts))
    if pc.any(beyond).as_py():
        texts = pc.replace_with_mask(texts, pc.fill_null(beyond, False), _folded(texts.filter(beyond)))
    texts = pc.replace_substring_regex(texts, "\r\n?", "\n")
    for pattern, form in ((_UNSEEN, ""), (_LINES, "\n"), (_BLANKS, " ")):
        texts = pc.replace_substring_regex(texts, pattern, form)
    return pc.utf8_trim_whitespace(texts)


def _folded(texts: pa.StringArray) -> pa.StringArray:
    """Texts that are not ASCII after the table of letters, and after NFKC where characters join with others."""
    once, joined = _by_table(texts)
    if not joined.any():
        return once
    again, _ = _by_table(pc.utf8_normalize(once.filter(pa.array(joined)), "NFKC"))
    return pc.replace_with_mask(once, pa.array(joined), again)


def _by_table(texts: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """Texts with each character replaced by its letter, and which of them hold one that joins with its neighbours."""
    table = letters()
    codes = table.becomes[_codes_of(texts)]
    lengths = np.asarray(pc.utf8_length(texts), np.int64)
    kept, size = codes != GONE, 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    size[~kept] = 0  # bytes of the character in UTF-8
    edges = np.concatenate(([0], np.cumsum(lengths)))
    ends = _until(size, edges)
    data = codes[kept].astype("<u4").tobytes().decode("utf-32-le").encode()
    made = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data))
    return made, np.diff(_until(table.joins[codes], edges)) > 0


def _codes_of(texts: pa.StringArray) -> npt.NDArray[np.uint32]:
    """The code points of all texts, one after the other."""
    data, ends = bytes_of(texts)
    whole = str(data[ends[0] : ends[-1]], "utf-8")
    return np.frombuffer(whole.encode("utf-32-le"), "<u4")


def _until(amounts: npt.NDArray[np.generic], edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The sum of the amounts before each edge."""
    return np.concatenate(([0], np.cumsum(amounts, dtype=np.int64)))[edges]
