"""Which accounts stand on the action list, each in one tier."""

from __future__ import annotations

import pandas as pd

from linkage.actions.tier import Tier
from linkage.model import Role, Standing, Verdict
from linkage.reports.labels import standings
from linkage.reports.store import Store
from linkage.review.strata import BAND_EDGES, with_tier

HIGH = BAND_EDGES[-1]  # likelihood from which a membership counts as firm: of twenty at most one is wrong
LIKELY = 0.5  # from which an affiliation is worth watching: more likely so than not


OPEN, DONE, CONFIRMED = "open", "done", "confirmed"
LEFT_OUT = (Standing.HONEST, Standing.STAFF, Standing.RED_TEAM)
COLUMNS = [
    "tier", "status", "account_id", "ring_id", "operator_id", "verdict", "role", "likelihood", "log_odds_bits",
    "families", "exchanges", "last_seen", "labels", "why",
]  # fmt: skip

# firm: tied to the ring by a family that nobody can plant and that is not the network, whose addresses are rented;
# stands: what the ring saves without its strongest family is still positive; strangers: members that labels clear
_LISTED = """
    WITH forged AS (SELECT family, bool_and(forgeable) AS forgeable FROM kinds GROUP BY family),
    firm AS (SELECT family FROM forged WHERE NOT forgeable AND family <> 'network'),
    by_family AS (
        SELECT e.ring_id, k.family, sum(e.bits) AS bits FROM evidence e JOIN kinds k USING (kind) GROUP BY ALL),
    strongest AS (SELECT ring_id, max(bits) AS bits FROM by_family GROUP BY ring_id),
    accused AS (SELECT ring_id FROM rings WHERE verdict = 'suspect'),
    likeliest AS (
        SELECT f.account_id, f.ring_id, f.role, f.likelihood FROM affiliations f JOIN accused USING (ring_id)
        QUALIFY row_number() OVER (PARTITION BY f.account_id ORDER BY f.likelihood DESC, f.ring_id) = 1)
    SELECT m.account_id, m.ring_id, m.operator_id, m.verdict, m.role, m.likelihood, m.log_odds_bits, m.families,
           coalesce(m.plantable, FALSE) AS plantable,
           a.exchanges, a.last_seen, r.ring, r.bits_saved - coalesce(s.bits, 0) > 0 AS stands,
           EXISTS (SELECT 1 FROM firm WHERE list_contains(string_split(m.families, ','), firm.family)) AS firm,
           f.ring_id AS also_ring, f.role AS also_role, f.likelihood AS also_likelihood
    FROM members m JOIN accounts a USING (account_id) JOIN rings r USING (ring_id)
    LEFT JOIN strongest s USING (ring_id) LEFT JOIN likeliest f USING (account_id)
    WHERE m.verdict IN ('suspect', 'undetermined') OR f.likelihood >= $likely
    ORDER BY m.account_id
"""
_LABELS = "SELECT DISTINCT account_id, label FROM labels ORDER BY account_id, label"


def listed(store: Store) -> pd.DataFrame:
    """Every account on the list once, in the order of the list: ``COLUMNS``, and ``stratum`` (verdict, tier).

    ``stratum`` is where a review of the run would draw the account from, see :mod:`linkage.review.strata`.
    """
    rows = store.query(_LISTED, likely=LIKELY)
    known = _known(store)
    rows = rows.join(known, on="account_id")
    rows["standing"] = rows["standing"].astype(object).where(rows["standing"].notna(), Standing.OTHER)
    strata = with_tier(rows)
    rows["stratum"] = list(zip(strata["verdict"], strata["tier"], strict=True))
    rows["disputed"] = rows["ring_id"].isin(set(rows.loc[rows["standing"].isin(LEFT_OUT), "ring_id"]))
    rows = _watched(_placed(rows))
    status = {Standing.BANNED: DONE, Standing.OPERATOR: CONFIRMED}
    rows["status"] = [status.get(standing, OPEN) for standing in rows["standing"]]
    place = rows["tier"].map({tier: i for i, tier in enumerate(Tier)})
    ordered = rows.assign(place=place).sort_values(
        ["place", "likelihood", "log_odds_bits", "account_id"], ascending=[True, False, False, True], kind="stable"
    )
    return ordered[[*COLUMNS, "stratum"]].reset_index(drop=True)


def _known(store: Store) -> pd.DataFrame:
    """By account: its labels, joined, and its standing; where labels disagree, what keeps it off the list counts."""
    labels = store.query(_LABELS)
    strictest = [*LEFT_OUT, Standing.REVIEWED_HONEST, Standing.BANNED, Standing.OPERATOR]
    strictest += [standing for standing in Standing if standing not in strictest]
    rank = standings(labels["label"]).map({standing: i for i, standing in enumerate(strictest)})
    grouped = labels.assign(rank=rank.astype("int64")).groupby("account_id").agg(
        labels=("label", ", ".join), rank=("rank", "min")
    )
    return grouped.assign(standing=[strictest[i] for i in grouped["rank"]])[["labels", "standing"]]


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """The tier of each row and why: the first of the tests that holds."""
    suspect, core = rows["verdict"] == Verdict.SUSPECT, rows["role"] == Role.CORE
    tests: list[tuple[pd.Series, Tier, pd.Series | str]] = [
        (rows["standing"].isin(LEFT_OUT), Tier.EXCLUDED, rows["standing"].astype(str)),
        (rows["standing"] == Standing.REVIEWED_HONEST, Tier.REVIEW, str(Standing.REVIEWED_HONEST)),
        (rows["verdict"] == Verdict.UNDETERMINED, Tier.REVIEW, "undetermined ring"),
        (suspect & rows["plantable"].astype(bool), Tier.WATCH, "all that ties it could have been planted"),
        (suspect & (rows["role"] == Role.BYSTANDER), Tier.WATCH, "bystander"),
        (~suspect, Tier.WATCH, "in the " + rows["verdict"] + " ring " + rows["ring_id"] + ", also linked to this one"),
        (~core, Tier.NEXT, "periphery"),
        (rows["disputed"], Tier.NEXT, "the ring holds accounts that labels clear"),
        (rows["likelihood"] < HIGH, Tier.NEXT, f"likelihood under {HIGH}"),
        (~rows["firm"].astype(bool), Tier.NEXT, "tied by what can be planted or rented"),
        (~rows["stands"].astype(bool), Tier.NEXT, "the ring would not stand without its strongest family"),
    ]
    tier = pd.Series(str(Tier.FIRST), index=rows.index)
    why = pd.Series("core, firmly tied", index=rows.index)
    for holds, placed, said in reversed(tests):
        tier, why = tier.mask(holds, str(placed)), why.mask(holds, said)
    return rows.assign(tier=tier, why=why)


def _watched(rows: pd.DataFrame) -> pd.DataFrame:
    """Accounts of other rings are watched for the suspect ring that they are affiliated with: it stands in the row."""
    other = (rows["tier"] == str(Tier.WATCH)) & (rows["verdict"] != Verdict.SUSPECT)
    return rows.assign(
        ring_id=rows["ring_id"].where(~other, rows["also_ring"]), role=rows["role"].where(~other, rows["also_role"]),
        likelihood=rows["likelihood"].where(~other, rows["also_likelihood"]),
    )
