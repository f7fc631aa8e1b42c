"""Why an account is a bystander of its ring, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from linkage.model import BystanderReason
from linkage.reports.store import Store

WORDS: Mapping[str, str] = {
    BystanderReason.ADDRESSES: "only addresses tie it, and weakly, as they tie strangers who use them, too",
    BystanderReason.ONE_FAMILY: "one sort of evidence alone ties it, as it does more accounts than can be hiding all "
    "others: customers of one proxy, or owners of one popular device",
    BystanderReason.HOME: "it hangs on the others by one thing, together with accounts with which it shares things of "
    "its own, as a household does through whose line a proxy leaves",
    BystanderReason.PLANTABLE: "anyone could have put on it all that ties it",
}
BECAUSE = (  # a table of all reasons by account and ring, for queries
    "SELECT a.account_id, r.ring_id, string_agg(b.reason, ',' ORDER BY b.reason) AS bystander_because "
    "FROM bystanders b JOIN accounts a USING (account) JOIN rings r USING (ring) GROUP BY ALL"
)


def reasons(store: Store, account: int) -> list[str]:
    """Why the account (its number) is a bystander of its ring; empty where it is none, or the run is too old to tell.

    Raises:
        StorageFault: a table can't be read.
    """
    found = store.query("SELECT reason FROM bystanders WHERE account = $account ORDER BY reason", account=account)
    return [str(reason) for reason in found["reason"]]


def in_words(because: Iterable[str]) -> list[str]:
    """The reasons in words, as parts of a sentence."""
    return [WORDS.get(reason, reason) for reason in because]
