"""Reads filled sheets and holds them against the key: only answers to this sheet, to the evidence as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from linkage.errors import ConfigError, InputRefused
from linkage.review.sheet import SHEETS, fingerprint

YES, NO, UNSURE = "yes", "no", "unsure"
SPELLINGS = {"yes": YES, "y": YES, "no": NO, "n": NO, "unsure": UNSURE, "u": UNSURE}
DELIMITERS = ",;\t"  # spreadsheets save CSV by the habits of their country
NEEDED = {"item", "answer"}


@dataclass(frozen=True)
class Answer:
    """What one reviewer said of one item, and where it stands."""

    item: str
    reviewer: str
    answer: str
    where: str


def sheets_in(folder: Path) -> list[Path]:
    """The CSV files among what the reviewers got, in order of name: where filled sheets lie if none is named.

    Raises:
        ConfigError: there is none.
    """
    found = sorted((folder / SHEETS).glob("*.csv"))
    if not found:
        raise ConfigError(
            "there is no filled sheet.", where=str(folder / SHEETS), todo="Put it there, or name it behind the folder."
        )
    return found


def read_answers(paths: Sequence[Path], fingerprints: Mapping[str, str]) -> list[Answer]:
    """The answers of all sheets; ``fingerprints`` has the evidence of each item that was handed out.

    Rows without an answer are left out. A reviewer is the name in the row, else the name of the file.

    Raises:
        InputRefused: a file can't be read, an item is unknown, its evidence was altered, an answer is none of yes, no
            and unsure, one reviewer gave two for one item, or there is no answer at all.
    """
    answers = [answer for path in paths for answer in _read(path, fingerprints)]
    if not answers:
        names = ", ".join(path.name for path in paths)
        raise InputRefused("nobody has answered yet.", where=names, todo="Fill the column 'answer': yes, no or unsure.")
    seen: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        before = seen.setdefault((answer.item, answer.reviewer), answer)
        if before.answer != answer.answer:
            raise InputRefused(
                f"{answer.reviewer} says '{answer.answer}' of {answer.item}, and '{before.answer}' in {before.where}.",
                where=answer.where,
                todo="Keep one of them.",
            )
    return list(seen.values())


def combined(answers: Sequence[Answer]) -> dict[str, str]:
    """One answer an item: what most of its reviewers say, ``unsure`` where no answer has more than half of them."""
    given: dict[str, list[str]] = {}
    for answer in answers:
        given.setdefault(answer.item, []).append(answer.answer)
    return {item: _majority(said) for item, said in sorted(given.items())}


def _majority(said: list[str]) -> str:
    most = max((YES, NO, UNSURE), key=said.count)
    return most if 2 * said.count(most) > len(said) else UNSURE


def _read(path: Path, fingerprints: Mapping[str, str]) -> list[Answer]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputRefused("is no UTF-8 text.", where=str(path), todo="Save it as 'CSV UTF-8'.") from error
    except OSError as error:
        raise InputRefused(f"can't be read: {error.strerror}.", where=str(path), todo="Check the file.") from error
    try:
        delimiter = max(DELIMITERS, key=lambda mark: len(NEEDED & set(_names(text, mark))))
        names = _names(text, delimiter)
        if missing := sorted(NEEDED - set(names)):
            raise InputRefused(f"there is no column '{missing[0]}'.", where=str(path), todo="Keep the sheet's header.")
        reader = csv.DictReader(io.StringIO(text, newline=""), names, delimiter=delimiter, restval="")
        next(reader)
        return [answer for row in reader if (answer := _answer(row, path, reader.line_num, fingerprints))]
    except csv.Error as error:
        raise InputRefused(f"can't be read: {error}.", where=str(path), todo="Save it as CSV again.") from error


def _names(text: str, delimiter: str) -> list[str]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [name.strip().lower() for name in next(rows, [])]


def _answer(row: Mapping[str, str], path: Path, line: int, fingerprints: Mapping[str, str]) -> Answer | None:
    item, where = row["item"].strip(), f"{path}, line {line}"
    if not item and not row["answer"].strip():
        return None
    if item not in fingerprints:
        raise InputRefused(f"'{item[:40]}' is no item of this review.", where=where, todo="Name its own folder.")
    if "evidence" in row and fingerprint(row["evidence"]) != fingerprints[item]:
        raise InputRefused(
            f"the evidence of {item} is not what was handed out.", where=where, todo="Answer on an unchanged sheet."
        )
    said = row["answer"].strip().lower()
    if not said:
        return None
    if said not in SPELLINGS:
        raise InputRefused(f"'{said[:40]}' is no answer.", where=where, todo="Answer yes, no or unsure.")
    reviewer = (row.get("reviewer") or "").strip() or path.stem
    return Answer(item, reviewer, SPELLINGS[said], where)
