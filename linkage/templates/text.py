"""A cell of a log as the text that a person or a program wrote, in one form for all that looks the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.templates.chat import SYSTEM, USER, said
from linkage.templates.ids import bytes_of
from linkage.templates.letters import GONE, JOINS, letters

_UNSEEN = r"[\x00-\x08\x0e-\x1f\x7f]+"
_LINES = r"[ \t]+[\n\r\x0b\x0c]\s*|[\r\x0b\x0c]\s*|\n\s+"
_BLANKS = r"[ \t]{2,}|\t"
LONGEST = 1 << 22  # characters, a million tokens; NFKC makes 33 bytes of one at most, and all of it is held in memory
_HEAPS = r"(\p{M}{8})\p{M}+"  # no script puts more marks on a letter, and NFKC takes quadratic time to sort a heap


def texts(cells: pa.StringArray) -> pa.StringArray:
    """The text of each cell: what system and user say in a chat or a request in JSON, else the cell as it is.

    Null stays null; bytes that are no UTF-8 become U+FFFD; a cell is read up to its LONGEST character.
    """
    cells = _decoded(cells)
    if (pc.max(pc.binary_length(cells)).as_py() or 0) > LONGEST:
        cells = pc.utf8_slice_codeunits(cells, 0, LONGEST)
    like_json = pc.fill_null(pc.match_substring_regex(cells, r"^\s*\"?\s*[\[{]"), False)
    if not pc.any(like_json).as_py():
        return cells
    shaped = cells.filter(like_json)
    spoken = pa.array(map(said, shaped.to_pylist()), pa.string())
    return pc.replace_with_mask(cells, like_json, pc.coalesce(spoken, shaped))


def joined(system: pa.StringArray, user: pa.StringArray) -> pa.StringArray:
    """Texts whose system prompt stands in a column of its own, as if both had come as one chat; null where both are."""
    orders, asked = _signed(SYSTEM, system), _signed(USER, user)
    held = pc.fill_null(orders, "")  # Arrow 26 drops the row where all that it joins are null
    both = pc.binary_join_element_wise(held, asked, "\n", null_handling="skip")
    return pc.if_else(pc.is_null(orders), user, both)


def _signed(speaker: str, texts: pa.StringArray) -> pa.StringArray:
    """Texts that begin with a speaker's sign, this one's where there is none; null for null and blank ones."""
    has_sign = pc.match_substring_regex(texts, f"^(?:{SYSTEM}|{USER}) ")
    signed = pc.if_else(has_sign, texts, pc.binary_join_element_wise(speaker, texts, " "))
    return pc.if_else(pc.match_substring_regex(texts, r"\S"), signed, pa.scalar(None, pa.string()))


def _decoded(cells: pa.StringArray) -> pa.StringArray:
    """The cells as UTF-8, whatever their type of string was."""
    cells = cells if pa.types.is_string(cells.type) else pc.cast(cells, pa.string())
    try:
        cells.validate(full=True)
    except pa.ArrowInvalid:
        data = cells.cast(pa.binary()).to_pylist()
        return pa.array([None if cell is None else cell.decode(errors="replace") for cell in data], pa.string())
    return cells


def normalised(texts: pa.StringArray) -> pa.StringArray:
    """Texts in one form for all that looks the same; null stays null.

    NFKC, look-alikes as the ASCII that they imitate, nothing invisible, runs of blanks as one blank, or as one line
    break when there is one among them, none at the ends.
    """
    beyond = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    if pc.any(beyond).as_py():
        texts = pc.replace_with_mask(texts, beyond, _folded(texts.filter(beyond)))
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    patterns = [(_LINES, "\n"), (_BLANKS, " ")]
    if np.count_nonzero(data < 0x20) + np.count_nonzero(data == 0x7F) > np.count_nonzero(data == 0x0A):
        patterns.insert(0, (_UNSEEN, ""))
    for pattern, form in patterns:
        texts = pc.replace_substring_regex(texts, pattern, form)
    return pc.utf8_trim_whitespace(texts)


def _folded(texts: pa.StringArray) -> pa.StringArray:
    """Texts that are not ASCII after the table of letters, and after NFKC where characters join with others."""
    once, joins = _by_table(pc.replace_substring(texts, "…", "..."))  # NFKC's form; common, and NFKC is slow
    if not joins.any():
        return once
    tamed = pc.replace_substring_regex(once.filter(pa.array(joins)), _HEAPS, r"\1")
    again, _ = _by_table(pc.utf8_normalize(tamed, "NFKC"))
    return pc.replace_with_mask(once, pa.array(joins), again)


def _by_table(texts: pa.StringArray) -> tuple[pa.StringArray, npt.NDArray[np.bool_]]:
    """Texts, none of them empty, with each character replaced by its letter; and which hold one that joins."""
    table, was = letters(), _codes_of(texts)
    starts = np.cumsum(np.append(0, np.asarray(pc.utf8_length(texts), np.int64)))[:-1]
    codes, traits = table.becomes[was], table.bytes_and_joins[was]
    sizes = np.add.reduceat(traits & (JOINS - 1), starts, dtype=np.int64)
    data = codes[codes != GONE].astype("<u4").tobytes().decode("utf-32-le").encode()
    ends = np.append(0, np.cumsum(sizes)).astype(np.int32)
    made = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(data))
    return made, np.bitwise_or.reduceat(traits, starts) >= JOINS


def _codes_of(texts: pa.StringArray) -> npt.NDArray[np.uint32]:
    """The code points of all texts, one after the other."""
    data, ends = bytes_of(texts)
    return np.frombuffer(str(data[ends[0] : ends[-1]], "utf-8").encode("utf-32-le"), "<u4")
