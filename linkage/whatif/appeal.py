"""What ties one account to a ring, what speaks for it, and what would change the result: for its holder or for counsel.

No other account is named, and nothing that this account does not use itself. Figures in bits come last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from linkage.model import Role, Verdict
from linkage.reports.account import Account
from linkage.reports.bystanders import in_words
from linkage.reports.card import Card
from linkage.reports.labels import clears
from linkage.reports.run import Run
from linkage.reports.visible import printable, shortened
from linkage.reports.words import KINDS, count, day, listed, records, things
from linkage.whatif.account import Change, Member, Standing
from linkage.whatif.kept import kept
from linkage.whatif.steady import account_told
from linkage.whatif.world import HAND_OFF, load_world

NAMED = 5  # entities of one kind that a sentence names
LONGEST = 60  # characters of a value
APART = 30  # days from the nearest creation of another member that are worth a sentence
NOTICE = "Being linked is no proof of wrongdoing, and says nothing of who holds the account."
ROLES = {
    Role.CORE: "Two or more independent sorts of evidence tie it to them.",
    Role.PERIPHERY: "One sort of evidence alone ties it to them.",
    Role.BYSTANDER: "It looks like a bystander. What they do is not attributed to it.",
}
VERDICTS = {
    Verdict.SUSPECT: "be taken for accounts that the same hands run",
    Verdict.UNDETERMINED: "be left undetermined: linked, for a reason that is not known",
    Verdict.HOUSEHOLD: "be taken for a household",
    Verdict.ORGANISATION: "be taken for an organisation",
    Verdict.CAMPUS: "be taken for a campus",
    Verdict.SHARED_NETWORK: "be taken for customers of one network",
    Verdict.OWN_ACCOUNTS: "be taken for one person's own accounts",
}
SORTS = {
    "network": "addresses", "device": "devices", "payment": "payment methods", "content": "prompt templates",
    "timing": "timing",
}  # fmt: skip
# what would show that sharing an entity of this family means nothing
EVIDENCE = {
    "network": "that it is an exit of a VPN, a campus, a carrier or an office that strangers use",
    "device": "that it is a machine in a computer room or a kiosk, or the fingerprint of a common model",
    "payment": "that it belongs to a company, a family or a reseller",
    "content": "that it is public, or comes with a tool that many use",
    "timing": "that the hours have another cause, such as an event to which many reacted",
}
ANOTHER = "after another account was stopped"
ELSE = "that strangers use it for reasons of their own"
# the last refinement may leave the profile such that a member of the ring would not be taken in again
OUTWEIGHED = (
    "Measured once more against the finished group, what speaks against its membership outweighs what speaks for it: "
    "it stands on the edge, and a new computation may leave it out."
)

_USED = """
    WITH ring AS (SELECT account FROM ring_members WHERE ring = $ring),
    mine AS (SELECT * FROM links WHERE account = $account),
    here AS (SELECT entity, count(*) AS k FROM links JOIN ring USING (account)
             WHERE entity IN (SELECT entity FROM mine) GROUP BY entity)
    SELECT m.entity AS number, m.kind, k.family, k.forgeable, e.value AS entity, e.context, m.n, m.first_seen,
           m.last_seen, h.k - 1 AS others_in_the_group, m.users - h.k AS accounts_outside
    FROM mine m JOIN kinds k ON k.kind = m.kind JOIN entities e ON e.entity = m.entity
    JOIN here h ON h.entity = m.entity
    ORDER BY m.kind, e.value
"""
_PROFILED = "SELECT DISTINCT kind FROM profiles WHERE ring = $ring AND code = 'part' ORDER BY kind"
_CREATIONS = """
    SELECT min(abs(date_diff('day', a.created, $created))) AS days FROM ring_members m JOIN accounts a USING (account)
    WHERE m.ring = $ring AND m.account <> $account AND a.created IS NOT NULL
"""


@dataclass(frozen=True)
class Appeal:
    """One account of a run that is in a ring."""

    run: Run
    account: Account
    member: Member

    @cached_property
    def used(self) -> pd.DataFrame:
        """What it uses: kind, entity, uses and times, other members and accounts outside that use it."""
        rows = self.run.store.query(_USED, ring=self.member.ring, account=self.account.number)
        return rows.assign(entity=_unnamed(rows, self.account.id))

    @cached_property
    def ties(self) -> pd.DataFrame:
        """What ties it, the strongest first, with the outcome if it alone tied nobody."""
        rows = self.used.set_index("number").loc[self.member.ties].reset_index(drop=True)
        outcome = pd.Series([self._outcome(change.then) for change in self.member.without_each], dtype=object)
        return rows.assign(without_it=outcome.reindex(range(len(rows))))

    @property
    def about(self) -> list[str]:
        """What this is, and the result."""
        row, ring = self.account.row, self.run.ring(str(self.account.ring_id))
        now, accounts = Role(row["role"]), count(len(self.member.members), "account")
        return [
            f"What ties the account {printable(self.account.id)} to other accounts, and what would change that, by "
            f"logs in which they were last seen on {day(ring.row['last_seen'])}.",
            f"It is counted in a group of {accounts} that share more than coincidence explains. {ROLES[now]}",
            *[f"A bystander, as {said}." for said in in_words(self.account.bystander_because)],
            f"The group is {VERDICTS[ring.verdict].removeprefix('be ')}.",
            NOTICE,
        ]

    @property
    def tied_by(self) -> list[str]:
        """The ties in sentences, one a kind."""
        said, handed = [], int((self.ties["kind"] == HAND_OFF).sum())
        for kind, rows in self.ties[self.ties["kind"] != HAND_OFF].groupby("kind", sort=False):
            named = [
                f"{_value(r)} ({_others(r['others_in_the_group'])}, {_outside(r['accounts_outside'])})"
                for r in records(rows.head(NAMED))
            ]
            more = len(rows) - len(named)
            said.append(
                f"It used {things(len(rows), str(kind))} that others of the group used, too: "
                f"{listed(named + ([f'{more:,} more'] if more else []))}."
            )
        if handed:
            said.append(
                f"It took part in {count(handed, 'hand-off')} with others of the group: one account was stopped, and "
                "within minutes another went on with the same work."
            )
        return said

    @property
    def in_favour(self) -> list[str]:
        """What speaks for the account."""
        used, tied = self.used, set(self.ties["kind"])
        profiled = self.run.store.query(_PROFILED, ring=self.member.ring)["kind"]
        said = [
            f"{_none_of(int((used['kind'] == kind).sum()), kind)} ties it to the group, as others are tied by theirs."
            for kind in profiled if kind not in tied and (used["kind"] == kind).any()
        ]
        alone = int((used["others_in_the_group"] == 0).sum())
        if alone:
            every = count(len(used), "thing")
            said.append(f"No other account of the group used {alone:,} of the {every} that it used.")
        if self.ties["family"].nunique() == 1:
            sort = _sort(self.ties["family"].iloc[0])
            said.append(f"All that ties it comes from {sort}: nothing independent confirms it.")
        outweighed = [] if self.member.now.member else [OUTWEIGHED]
        return outweighed + said + self._forgeable() + self._lists() + self._creation() + self._labels()

    def _forgeable(self) -> list[str]:
        change, planted = self.member.unplanted, self.ties[self.ties["forgeable"].astype(bool)]
        if change is None:
            return []
        kinds = listed([things(int((planted["kind"] == k).sum()), k) for k in sorted(set(planted["kind"]))])
        then = self._outcome(change.then)
        return [
            f"Others could have put {kinds} on it without its holder's doing: such values can be copied or forged. If "
            f"they had: {then}."
        ]

    def _lists(self) -> list[str]:
        listed_ = self.ties[self.ties["context"].notna()]
        return [
            f"{_value(r)} is in the list '{printable(r['context'])}': strangers may share it." for r in records(listed_)
        ]

    def _creation(self) -> list[str]:
        created = self.account.row["created"]
        if created is None:
            return []
        days = self.run.store.query(
            _CREATIONS, ring=self.member.ring, account=self.account.number, created=created
        )["days"].iloc[0]
        far = pd.notna(days) and days >= APART
        return [f"No other account of the group was created within {int(days):,} days of it."] if far else []

    def _labels(self) -> list[str]:
        labels = pd.Series(self.account.labels, dtype=object)
        clearing = labels[clears(labels)] if len(labels) else labels
        return [f"The service's own list says: {listed([printable(x) for x in clearing])}."] if len(clearing) else []

    @property
    def would_change(self) -> list[str]:
        """What evidence would change the result, found by computing it again."""
        if not self.member.now.member:
            return [OUTWEIGHED]
        single = [self._told(change) for change in self.member.without_each if self._matters(change)]
        lines = [line for line in single if line] or self._none_alone()
        lines += [self._told(change) for change in self.member.without_families if self._matters(change)]
        return lines + self._together()

    def _none_alone(self) -> list[str]:
        if not self.member.ties:
            return []
        ties = count(len(self.member.ties), "tie")
        return [f"No single one of its {ties} decides: without any one of them the result is the same."]

    def _together(self) -> list[str]:
        change = self.member.enough
        if change is None:
            return ["Even without all these ties it would be counted in the group."]
        if len(change.entities) < 2:
            return []
        rows = self.used.set_index("number").loc[list(change.entities)]
        if len(rows) == len(self.ties):
            return [f"Only without all {len(rows):,} ties together would it not be counted in the group."]
        more = [f"{len(rows) - NAMED:,} more"] if len(rows) > NAMED else []
        kinds = listed([*map(_value, records(rows.head(NAMED))), *more])
        return [f"Without these {len(rows):,} together it would not be counted in the group: {kinds}."]

    def _matters(self, change: Change) -> bool:
        return self._outcome(change.then) != "the same result"

    def _told(self, change: Change) -> str:
        if change.family is not None:
            return f"Without any evidence from {_sort(change.family)}: {self._outcome(change.then)}."
        row = records(self.used[self.used["number"] == change.entities[0]])[0]
        return f"If it were shown of {_value(row)} {EVIDENCE.get(row['family'], ELSE)}: {self._outcome(change.then)}."

    def _outcome(self, then: Standing) -> str:
        now, said = self.member.now, []
        if now.member and not then.member:
            said.append("the account would not be counted in the group")
        elif then.role and then.role != now.role:
            said.append(f"it would be counted as {then.role} in place of {now.role}")
        if then.verdict != now.verdict:
            said.append(f"the group would {VERDICTS[then.verdict] if then.verdict else 'not stand out at all'}")
        return ", and ".join(said) or "the same result"

    @property
    def figures(self) -> pd.DataFrame:
        """Every change with its figures: without (entity, family or set), log_odds_bits, role, verdict."""
        names = {number: _value(row) for number, row in zip(self.used["number"], records(self.used), strict=True)}
        changes = [*self.member.without_each, *self.member.without_families]
        together = self.member.enough
        changes += [together] if together and len(together.entities) > 1 else []
        rows: list[tuple[Any, ...]] = [("nothing", *_figures(self.member.now))]
        rows += [(c.family or ", ".join(names[e] for e in c.entities), *_figures(c.then)) for c in changes]
        return pd.DataFrame(rows, columns=["without", "log_odds_bits", "role", "verdict"])

    def card(self) -> Card:
        """All of it: sentences first, figures last."""
        row = self.account.row
        facts = {"account_id": self.account.id, "ring_id": row["ring_id"], "role": row["role"],
                 "verdict": row["verdict"], "run_id": self.run.manifest["run_id"]}
        steady = account_told(kept(self.run), self.account.id)
        notes = {
            "about": self.about, "tied_by": self.tied_by, "in_favour": self.in_favour,
            "would_change": self.would_change, "again": [steady] if steady else [],
        }
        ties = self.ties.drop(columns=["family", "forgeable", "context"])
        odds = self.account.odds
        told = replace(odds, terms=odds.terms.assign(entity=_unnamed(odds.terms, self.account.id))) if odds else None
        waterfall = told.waterfall if told else pd.DataFrame()
        tables = {"links_to_the_group": ties, "figures": self.figures, "waterfall": waterfall}
        return Card(_title(self.account), facts, tables, notes)


def appeal_card(run: Run, account: Account) -> Card:
    """What ties an account to its ring and what would change that; or that it is in none.

    Raises:
        StorageFault: a table of the run is missing or can't be read.
    """
    if account.ring_id is None:
        facts = {"account_id": account.id, "ring_id": None, "run_id": run.manifest["run_id"]}
        about = [
            f"The account {printable(account.id)} is counted in no group: what it shares with others does not go far "
            "enough beyond coincidence.",
            NOTICE,
        ]
        return Card(_title(account), facts, {}, {"about": about})
    return Appeal(run, account, Member(load_world(run), account.number, int(account.row["ring"]))).card()


def _title(account: Account) -> str:
    return f"Account {account.id}: what ties it, and what would change that"


def _figures(then: Standing) -> tuple[float, str | None, str | None]:
    return then.log_odds, then.role, then.verdict


def _value(row: dict[str, Any]) -> str:
    """An entity in plain words, such as ``the address 192.0.2.1``."""
    return f"the {KINDS.get(row['kind'], (row['kind'].replace('_', ' '),))[0]} {shortened(row['entity'], LONGEST)}"


def _unnamed(rows: pd.DataFrame, account_id: str) -> pd.Series:
    """The column ``entity`` without the other accounts after which hand-offs are called."""
    other = (rows["kind"] == HAND_OFF) & rows["entity"].notna() & (rows["entity"] != f"after {account_id}")
    return rows["entity"].mask(other, ANOTHER)


def _sort(family: str) -> str:
    """A family of evidence in plain words."""
    return SORTS.get(family, family.replace("_", " "))


def _others(number: int) -> str:
    return count(number, "other of the group", "others of the group")


def _outside(number: int) -> str:
    return f"{count(number, 'account')} outside it" if number else "nobody else"


def _none_of(number: int, kind: str) -> str:
    return f"None of its {things(number, kind)}" if number > 1 else f"Nothing about its {things(1, kind)[2:]}"
