from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from linkage.errors import ConfigError, InputRefused
from linkage.review.answers import Answer, combined, read_answers, sheets_in
from linkage.review.sheet import HEADER, SHEETS, fingerprint

EVIDENCE = {
    "item-0001": "A is the account a.\nip 9.9.9.9: used by 3.", "item-0002": "'=A, \"b\"; c\nd", "item-0003": "x"
}  # fmt: skip
PRINTS = {item: fingerprint(text) for item, text in EVIDENCE.items()}


def sheet(path: Path, *answers: tuple[str, str, str], delimiter: str = ",", end: str = "\r\n", **changed: str) -> Path:
    """A filled sheet of (item, answer, reviewer); ``changed`` has other evidence of items."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
        writer.writerow(HEADER)
        for item, answer, reviewer in answers:
            text = changed.get(item.replace("-", "_"), EVIDENCE.get(item, ""))
            writer.writerow([item, "Does one operator …?", text, answer, reviewer, "a note, with a comma"])
    return path


def said(path: Path) -> list[tuple[str, str, str]]:
    return [(a.item, a.answer, a.reviewer) for a in read_answers([path], PRINTS)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_sheets_as_spreadsheets_save_them(tmp_path: Path, delimiter: str, end: str, encoding: str) -> None:
    path = sheet(
        tmp_path / "a.csv", ("item-0001", "Yes ", "Ann"), ("item-0002", "n", " Ann "), ("item-0003", "U", "Ann"),
        delimiter=delimiter, end=end,
    )  # fmt: skip
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
    assert said(path) == [("item-0001", "yes", "Ann"), ("item-0002", "no", "Ann"), ("item-0003", "unsure", "Ann")]


def test_answers_saved_by_the_page_carry_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "answers-Ann.csv"
    text = '\ufeff"item","answer","reviewer","note"\r\n"item-0001","yes","Ann","x\u2028y\nz"\r\n'
    path.write_text(text, encoding="utf-8")
    assert said(path) == [("item-0001", "yes", "Ann")]


def test_rows_without_answer_are_left_out_and_nameless_ones_have_the_file_s_name(tmp_path: Path) -> None:
    path = sheet(tmp_path / "bo.csv", ("item-0001", "", "Ann"), ("item-0002", "no", ""), ("", "", ""))
    assert said(path) == [("item-0002", "no", "bo")]


def refusal(*paths: Path) -> str:
    with pytest.raises(InputRefused) as caught:
        read_answers(paths, PRINTS)
    return str(caught.value)


def test_what_is_refused_says_where(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert refusal(sheet(path, ("item-0001", "maybe", "Ann"))) == (
        f"{path}, line 3: 'maybe' is no answer. Answer yes, no or unsure."
    )
    assert refusal(sheet(path, ("item-0009", "yes", "Ann"))) == (
        f"{path}, line 2: 'item-0009' is no item of this review. Name its own folder."
    )
    assert refusal(sheet(path, ("item-0003", "yes", "Ann"), item_0003="y")) == (
        f"{path}, line 2: the evidence of item-0003 is not what was handed out. Answer on an unchanged sheet."
    )
    assert refusal(sheet(path, ("item-0003", "", "Ann"), item_0003="y")).startswith(f"{path}, line 2: the evidence")
    assert refusal(sheet(path, ("item-0001", "", "Ann"))) == (
        "a.csv: nobody has answered yet. Fill the column 'answer': yes, no or unsure."
    )


def test_two_answers_of_one_reviewer_are_refused_unless_they_agree(tmp_path: Path) -> None:
    one, two = sheet(tmp_path / "1.csv", ("item-0003", "yes", "Ann")), tmp_path / "2.csv"
    assert len(read_answers([one, sheet(two, ("item-0003", "yes", "Ann"))], PRINTS)) == 1
    assert len(read_answers([one, sheet(two, ("item-0003", "no", "Bo"))], PRINTS)) == 2
    assert refusal(one, sheet(two, ("item-0003", "no", "Ann"))) == (
        f"{two}, line 2: Ann says 'no' of item-0003, and 'yes' in {one}, line 2. Keep one of them."
    )


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"item,evidence\nitem-0001,x\n", "there is no column 'answer'. Keep the sheet's header."),
        (b"", "there is no column 'answer'. Keep the sheet's header."),
        (b"item,answer\nitem-0001,\xff\n", "is no UTF-8 text. Save it as 'CSV UTF-8'."),
        (b"item,answer\nitem-0001," + b"x" * 200_000, "can't be read: field larger than field limit (131072). Save it"),
    ],
)
def test_files_that_are_no_sheet_are_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert refusal(path).startswith(f"{path}: {told}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.csv") == f"{tmp_path}/a.csv: can't be read: No such file or directory. Check the file."


def test_sheets_are_sought_among_the_reviewers_files(tmp_path: Path) -> None:
    (tmp_path / SHEETS).mkdir()
    with pytest.raises(ConfigError, match=r"for-reviewers: there is no filled sheet\. Put it there, or name it"):
        sheets_in(tmp_path)
    for name in ("b.csv", "a.csv", "sheet.html"):
        (tmp_path / SHEETS / name).touch()
    assert [path.name for path in sheets_in(tmp_path)] == ["a.csv", "b.csv"]


def test_several_reviewers_are_one_by_majority() -> None:
    def all_of(**given: list[str]) -> dict[str, Any]:
        return combined([Answer(item, str(i), said, "") for item in given for i, said in enumerate(given[item])])

    assert all_of(a=["yes"], b=["yes", "yes", "no"], c=["yes", "no"], d=["no", "unsure", "yes"], e=["unsure"]) == {
        "a": "yes", "b": "yes", "c": "unsure", "d": "unsure", "e": "unsure"
    }  # fmt: skip
    assert all_of(a=["no", "no", "unsure"]) == {"a": "no"}
