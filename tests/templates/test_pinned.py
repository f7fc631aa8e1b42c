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
        "m2-d3660d2f80e95e722b45eb7268cea766",
    ),
    (
        '[{"role":"system","content":"Be brief."},{"role":"user","content":"Compare Ann Lee, Bo and Cy."}]',
        "e1-9102603e0bd22fa9b6c58987ce358589",
        "m2-8000b362453546f292d521562ba37e5a",
    ),
    (
        "Trаnslаte\u200b thе tеxt:\r\n\r\n  1) ﬁrst\n  2) second …",
        "e1-87987b23892539357e27d8f36ca34866",
        "m2-94761bb61e6b20b0f6d7e2cce9645e81",
    ),
    (
        "日本語のテキストを３行で要約してください。",
        "e1-bb681e49cbbef9ead611e5457ac7c85b",
        "m2-3029242efaf682b1ceb5f00afaa9f17e",
    ),
    (
        "לסכם את הטקסט הבא: “שלום”",
        "e1-6b0eb06f4ecaed6331b784e49c31bdb8",
        "m2-f149c7d9403fee792ae7c9f0943aceb5",
    ),
    (
        "สรุปข้อความนี้ 😀👩\u200d💻",
        "e1-c0b2e85eba92901c172730aed02a3092",
        "m2-b94a44c5a6457991bd3ef6296a2a8c8f",
    ),
    (
        "Fix this:\n```py\nprint(1)\n```\nand explain aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8= at https://a.example/x?y=1",
        "e1-e50fe50c1cb4786eea69950adbc94775",
        "m2-90e287ef8697c045567cc1b504eb8d57",
    ),
    (
        "Сделай краткое изложение: 'текст' и ответь в 3 предложениях",
        "e1-62f6d4ee6286f1a738bf468c469bda83",
        "m2-bdbe1f1efc69a835b0c14e5695d1b5ba",
    ),
]


@pytest.mark.parametrize(("cell", "exact", "mask"), PINNED, ids=range(len(PINNED)))
def test_a_text_keeps_its_ids(cell: str, exact: str, mask: str) -> None:
    clean = normalised(texts(pa.array([cell])))
    assert KEY.ids("exact", clean).to_pylist() == [exact]
    assert KEY.ids("masked", masked(clean)).to_pylist() == [mask]
