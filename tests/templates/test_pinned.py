"""Pinned ids: what was an id stays it. A change here is a new version of the level (``linkage.templates.ids``)."""

from __future__ import annotations

import pyarrow as pa
import pytest

from linkage.templates.ids import Key
from linkage.templates.mask import masked
from linkage.templates.text import normalised, texts

KEY = Key(b"0123456789abcdef" * 4)
PINNED: list[tuple[str, str, str]] = [
    (
        "Translate “le chat” into English, for ann@mail.example by 22 November 2026.",
        "e1-7cc8f75a5218320a7eaf8ced97d8b572",
        "m1-2bbf2cb95d0178037984067bbec154d6",
    ),
    (
        '[{"role":"system","content":"Be brief."},{"role":"user","content":"Compare Ann Lee, Bo and Cy."}]',
        "e1-9102603e0bd22fa9b6c58987ce358589",
        "m1-e9d4aefa731c5ee1232d31141f1243f2",
    ),
    (
        "Trаnslаte\u200b thе tеxt:\r\n\r\n  1) ﬁrst\n  2) second …",
        "e1-87987b23892539357e27d8f36ca34866",
        "m1-ec57cca04e2e0a41664a09dc3ec76d7d",
    ),
    (
        "日本語のテキストを３行で要約してください。",
        "e1-bb681e49cbbef9ead611e5457ac7c85b",
        "m1-4b7afae7cc0d50c26dcd078e27c54c1c",
    ),
    (
        "לסכם את הטקסט הבא: “שלום”",
        "e1-6b0eb06f4ecaed6331b784e49c31bdb8",
        "m1-de35bffa6ef664fdb0d27206d987dd12",
    ),
    (
        "สรุปข้อความนี้ 😀👩\u200d💻",
        "e1-c0b2e85eba92901c172730aed02a3092",
        "m1-2e2397e9513571f60027634627b5f149",
    ),
    (
        "Fix this:\n```py\nprint(1)\n```\nand explain aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8= at https://a.example/x?y=1",
        "e1-e50fe50c1cb4786eea69950adbc94775",
        "m1-42218ed97f5754e61cd051da65158108",
    ),
    (
        "Сделай краткое изложение: 'текст' и ответь в 3 предложениях",
        "e1-62f6d4ee6286f1a738bf468c469bda83",
        "m1-ac9c64d32de33f7d1b596af3f3eca83a",
    ),
]


@pytest.mark.parametrize(("cell", "exact", "mask"), PINNED, ids=range(len(PINNED)))
def test_a_text_keeps_its_ids(cell: str, exact: str, mask: str) -> None:
    clean = normalised(texts(pa.array([cell])))
    assert KEY.ids("exact", clean).to_pylist() == [exact]
    assert KEY.ids("masked", masked(clean)).to_pylist() == [mask]
