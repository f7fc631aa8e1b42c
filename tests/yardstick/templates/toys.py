"""A simple assignment of ids, and a few templates in the third party's form."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def numbers_masked(table: pa.Table) -> pa.Table:
    """Numbers are replaced; skeletons and families are the same, but none where a prompt stands alone."""
    masked = pc.replace_substring_regex(table["prompt"], r"\d+", "#")
    several = pd.Series(masked.to_pandas()).duplicated(keep=False)
    shared = pc.if_else(pa.array(several), masked, None)
    return pa.table({"exact": table["prompt"], "masked": masked, "skeleton": shared, "family": shared})


TEMPLATES = pd.DataFrame({
    "dataset": ["films", "films", "laws", "birds", "birds", "towns"],
    "jinja": [
        "Here is what somebody wrote about a film that was shown last year. Read it twice, then tell me in one word "
        "whether this person liked it or would rather have stayed at home: {{ review }} ||| {{ label }}",
        "Which film is meant? {{ plot }}",
        "You are asked as a lawyer to give your view of a case before the court. The facts are these: {{ facts }}\n"
        "Has any article of the law been broken? Answer with the numbers of the articles, and with nothing else. |||",
        "Name the bird.{% for mark in marks %} It has {{ mark }}.{% endfor %} ||| {{ bird.name }}",
        "How many eggs? {{ eggs + 1 }}",
        "Translate the following sign, which was seen in a town of {{ country }} beside the road, into plain English, "
        "and keep the names of all places as they stand on it: {{ sign['text'] }}",
    ],
})  # fmt: skip
