"""The likelihood of a membership: log-odds and a few looks of the ring, as they came true in simulated worlds.

It is the probability that the hands that run most of the ring run this account, too: for a suspect ring, the operator
that runs more of its accounts than any other one does (1 less it is honest, or another operator's); for the others, the
household, company, campus or person whose accounts most of them are, or, of strangers, their sort (customers of a VPN).
A membership's logit is a sum of the measures of ``MEASURES``, each with the weight that it has for the ring's verdict,
in ``likelihood.json``. The weights were fitted on simulated worlds (``python -m linkage.yardstick calibrate``): nothing
about them was measured on real data. Where the user's labels say more, they shift it; see :mod:`recalibrate`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from linkage.engines.step import Engine, Step
from linkage.model import Verdict
from linkage.reports.labels import standings_table
from linkage.reports.recalibrate import Recalibration, recalibrated

TABLE = Path(__file__).with_name("likelihood.json")
READS = ("ring_members", "ring_affiliations", "ring_rings", "main_operator")
MEMBERS, AFFILIATIONS = "members", "affiliations"
SURE = 6.9  # logit of 0.999: the worlds of a fit are too few to know rarer exceptions

# What a logit is summed from, besides a constant, as SQL over a membership m, its ring r and h, the account's own ring.
# Bits count up to ten: beyond, they are no better met, as kinds are added up as if independent.
MEASURES: dict[str, str] = {
    "bits": "log2(1 + least(greatest(m.log_odds_bits, 0), 10))",
    "size": "log2(r.accounts)",
    "support": "r.support",
    "fit": "coalesce(r.verdict_fit, 0)",
    "rival": "CASE WHEN r.runner_up <> r.verdict THEN coalesce(r.runner_up_fit, 0) ELSE 0 END",
    "periphery": "(m.role = 'periphery')::INTEGER",
    "bystander": "(m.role = 'bystander')::INTEGER",
    "beside_suspects": "(NOT m.own AND coalesce(h.verdict = 'suspect', FALSE))::INTEGER",
    "same_operator": "(NOT m.own AND coalesce(o.operator = p.operator, FALSE))::INTEGER",
}
MEANINGS = {
    "bits": "log2(1 + log-odds), of log-odds from 0 to 10 bits",
    "size": "log2 of the ring's accounts",
    "support": "share of the ring tied by a family other than the strongest",
    "fit": "how well the verdict's explanation fits, 0 to 1; 0 when undetermined",
    "rival": "how well the next best explanation fits, 0 to 1",
    "periphery": "1 when the role is periphery",
    "bystander": "1 when the role is bystander",
    "beside_suspects": "1 for an affiliation of an account whose own ring is suspect",
    "same_operator": "1 for an affiliation with another ring of the own ring's operator",
}
MEASURED = Step(
    "measured",
    f"""
    WITH every AS (
        SELECT account, ring, role, log_odds_bits, TRUE AS own FROM ring_members
        UNION ALL SELECT account, ring, role, log_odds_bits, FALSE FROM ring_affiliations)
    SELECT m.account, m.ring, m.own, r.verdict, {", ".join(f"({sql})::DOUBLE AS {x}" for x, sql in MEASURES.items())}
    FROM every m JOIN ring_rings r USING (ring) LEFT JOIN ring_members w ON w.account = m.account
    LEFT JOIN ring_rings h ON h.ring = w.ring LEFT JOIN main_operator o ON o.ring = m.ring
    LEFT JOIN main_operator p ON p.ring = w.ring
    """,
    READS,
)
_LOGITS = Step(
    "logits",
    f"""
    SELECT m.account, m.ring, m.own, m.verdict,
           w.constant + {" + ".join(f"w.{x} * m.{x}" for x in MEASURES)} AS logit
    FROM measured m JOIN likelihood_weights w ON w.own = m.own AND w.verdict = m.verdict
    """,
    ("measured", "likelihood_weights"),
)
# Labelled members of suspect rings: whether the operator runs them, as far as all labels of an account say the same.
_LABELLED = f"""
    WITH known AS (
        SELECT account_id, bool_or(s.accused) AS accused, bool_or(s.cleared) AS cleared
        FROM labels JOIN label_standings s USING (label) GROUP BY account_id)
    SELECT l.ring, l.logit, k.accused FROM logits l JOIN accounts a USING (account) JOIN known k USING (account_id)
    WHERE l.own AND l.verdict = '{Verdict.SUSPECT}' AND k.accused <> k.cleared ORDER BY l.ring, a.account_id
"""
# Which of the two things labels of accounts in the logs say at all
_TOLD = """
    SELECT DISTINCT s.accused AS told
    FROM labels JOIN label_standings s USING (label) JOIN accounts USING (account_id)
    WHERE s.accused <> s.cleared ORDER BY told
"""
_STATED = f"""
    SELECT account, ring, own, round(1 / (1 + exp(-greatest(least(
           CASE WHEN verdict = '{Verdict.SUSPECT}' THEN {{shift}} + {{slope}} * logit ELSE logit END,
           {SURE}), -{SURE}))), 4) AS likelihood
    FROM logits
"""


@dataclass(frozen=True)
class Weights:
    """The fitted weights and where they are from.

    ``members`` and ``affiliations`` are by verdict, then by measure and ``constant``; ``fitted_on`` says which worlds.
    """

    fitted_on: dict[str, Any]
    members: dict[str, dict[str, float]]
    affiliations: dict[str, dict[str, float]]

    def table(self) -> pa.Table:
        """One row per sort of membership and verdict: own, verdict, constant, and a column for each measure."""
        sorts = ((True, self.members), (False, self.affiliations))
        return pa.Table.from_pylist(
            [{"own": own, "verdict": verdict, **row} for own, by in sorts for verdict, row in sorted(by.items())]
        )


@cache
def weights() -> Weights:
    """The weights that the package carries."""
    return read_weights(TABLE)


def read_weights(path: Path) -> Weights:
    """Weights from a JSON file as :func:`write_weights` makes it."""
    read = json.loads(path.read_text(encoding="ascii"))
    return Weights(read["fitted_on"], read[MEMBERS], read[AFFILIATIONS])


def write_weights(made: Weights, path: Path) -> None:
    """Write weights as JSON that people can read."""
    content = {"measures": MEANINGS, "fitted_on": made.fitted_on, MEMBERS: made.members,
               AFFILIATIONS: made.affiliations}  # fmt: skip
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")


def state_likelihoods(engine: Engine, used: Weights) -> Recalibration:
    """Make the table ``stated``: account, ring, own (else an affiliation), likelihood; says what labels changed.

    Reads the tables of ``READS``, in the shapes of the stages' tables of these names, and ``labels``.
    """
    engine.load("likelihood_weights", used.table())
    engine.run(MEASURED)
    engine.run(_LOGITS)
    engine.load("label_standings", standings_table(engine.fetch("SELECT DISTINCT label FROM labels ORDER BY label")))
    changed = recalibrated(engine.fetch(_LABELLED), engine.fetch(_TOLD)["told"].to_pylist())
    engine.run(Step("stated", _STATED.format(shift=changed.shift, slope=changed.slope), ("logits",)))
    return changed
