"""The nouns that stages share, and the schema of every table in which they meet.

Times are UTC with microseconds. Bits are base-2 logarithms, rounded to a thousandth where they are published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

TIME = pa.timestamp("us", tz="UTC")
TURN = 900 * 1_000_000  # microseconds; a pause longer than this ends what an account was at
HOUR, DAY = 3_600 * 1_000_000, 86_400 * 1_000_000  # microseconds
CHANCE = 0.01  # a start is a hand-off when chance gives one so soon at most this often
BY_CHANCE = 0.1  # of an entity's hand-offs at most this share may be what chance alone gives its stops
CREATED, LOAD = "creation-time", "daily-load"  # kinds of windows; a hyphen: no kind of the user's own has one
STOPPED = {429: "limit", 403: "ban"}  # HTTP statuses that end an account's work, and what they are in words


class Verdict(StrEnum):
    """What a ring is taken for: ``suspect``, ``undetermined``, or the innocent explanation that fits best."""

    SUSPECT = "suspect"
    UNDETERMINED = "undetermined"
    HOUSEHOLD = "household"
    ORGANISATION = "organisation"
    CAMPUS = "campus"
    SHARED_NETWORK = "shared_network"
    OWN_ACCOUNTS = "own_accounts"


class Role(StrEnum):
    """How firmly an account belongs to its ring."""

    CORE = "core"
    PERIPHERY = "periphery"
    BYSTANDER = "bystander"


class BystanderReason(StrEnum):
    """Why an account is a bystander: addresses tie it weakly and alone, or one family does as it does too many others,
    or it hangs on its ring with its household, or all that ties it could have been planted."""

    ADDRESSES = "addresses"
    ONE_FAMILY = "one_family"
    HOME = "home"
    PLANTABLE = "plantable"


@dataclass(frozen=True)
class Kind:
    """A type of entity.

    ``family`` names the kinds that fail together; values of a ``forgeable`` kind can be planted on a stranger. Entities
    of a ``window`` kind are spans of time or of load: many strangers are in each, and it ties nobody by itself.
    """

    name: str
    family: str
    forgeable: bool
    window: bool = False


@dataclass(frozen=True)
class Incidence:
    """Which accounts use which entities of one kind.

    ``matrix`` is a 0/1 CSR matrix, accounts x entities of the kind; ``entities`` maps its columns to entity numbers.
    Entities with one user stay in: they belong to the degree sums. ``seen`` has when each account first used each
    entity, in microseconds since 1970 (no entry: not known), ``uses`` how often; None where no table says so.
    """

    kind: Kind
    matrix: sp.csr_matrix
    entities: np.ndarray
    seen: sp.csr_matrix | None = None
    uses: sp.csr_matrix | None = None

    def at(self, entities: np.ndarray) -> Incidence:
        """The links to some of the entities only, given as columns."""
        seen, uses = (m if m is None else m[:, entities].tocsr() for m in (self.seen, self.uses))
        return Incidence(self.kind, self.matrix[:, entities].tocsr(), self.entities[entities], seen, uses)

    @property
    def users(self) -> np.ndarray:
        """d: accounts per entity."""
        return np.bincount(self.matrix.indices, minlength=self.matrix.shape[1])

    @property
    def breadth(self) -> np.ndarray:
        """Entities of this kind per account."""
        return np.diff(self.matrix.indptr)


class Standing(StrEnum):
    """What a label says of an account."""

    HONEST = "confirmed honest"
    STAFF = "staff"
    RED_TEAM = "red team"
    BANNED = "banned"
    OPERATOR = "confirmed operator"
    REVIEWED_HONEST = "reviewed as honest"
    REVIEWED_OPERATOR = "reviewed as an operator's"
    OTHER = "other"


LABEL_WORDS: Mapping[str, Standing] = {
    **dict.fromkeys(("honest", "confirmed_honest", "known_good", "legitimate", "benign", "cleared"), Standing.HONEST),
    **dict.fromkeys(("staff", "employee"), Standing.STAFF),
    **dict.fromkeys(("red_team", "test"), Standing.RED_TEAM),
    **dict.fromkeys(("banned", "blocked", "suspended", "terminated"), Standing.BANNED),
    **dict.fromkeys(("operator", "confirmed_operator"), Standing.OPERATOR),
    "reviewed_honest": Standing.REVIEWED_HONEST,
    "reviewed_operator": Standing.REVIEWED_OPERATOR,
}
CLEARING = frozenset({Standing.HONEST, Standing.STAFF, Standing.RED_TEAM, Standing.REVIEWED_HONEST})
ACCUSING = frozenset({Standing.BANNED, Standing.OPERATOR, Standing.REVIEWED_OPERATOR})
HONEST_HANDS = CLEARING - {Standing.RED_TEAM}  # what speaks for honest hands; a red team does act as an operator would


def folded_label(label: str) -> str:
    """A label as it is compared: lower case, hyphens and blanks as ``_``."""
    return label.strip().casefold().replace("-", "_").replace(" ", "_")


def standing_of(label: str) -> Standing:
    """What a label says; in any case, with ``_``, hyphens or blanks."""
    return LABEL_WORDS.get(folded_label(label), Standing.OTHER)


@dataclass(frozen=True)
class Known:
    """What the user told beside the logs: labels of accounts, and the lists of networks that hold entities.

    ``account`` and ``label`` go together, and so do ``entity`` and ``context``.
    """

    account: np.ndarray
    label: list[str]
    entity: np.ndarray
    context: list[str]


@dataclass(frozen=True)
class AccountGraph:
    """The account-entity graph as one incidence a kind, over ``accounts`` numbered accounts.

    ``created`` is each account's creation in seconds since 1970, ``loads`` its exchanges a day between first and last
    use; NaN where that is not known; None: of no account. ``known`` is what the user told beside the logs.
    """

    accounts: int
    kinds: tuple[Incidence, ...]
    created: np.ndarray | None = None
    loads: np.ndarray | None = None
    known: Known | None = None

    @property
    def links(self) -> int:
        """The account-entity pairs of all kinds."""
        return sum(int(incidence.matrix.nnz) for incidence in self.kinds)


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


_I, _L, _F, _S = pa.int32(), pa.int64(), pa.float64(), pa.string()

# sources -> graph. Numbers are dense ranks in byte order of the names, so they do not depend on the order of rows.
ACCOUNTS = _schema(account=_I, account_id=_S, created=TIME, first_seen=TIME, last_seen=TIME, exchanges=_L)
ENTITIES = _schema(entity=_I, kind=_S, value=_S, context=_S)
OBSERVATIONS = _schema(account=_I, entity=_I, first_seen=TIME, last_seen=TIME, n=_L)
# Times in microseconds since 1970. A moment is one use of an entity, told where hand-offs can be near (``status`` is
# null where the account was not refused); a stop is the first of a row of refusals (``next`` is the account's next
# success with the entity, if that is within a TURN).
MOMENTS = _schema(account=_I, entity=_I, time=_L, status=pa.int16())
STOPS = _schema(account=_I, entity=_I, time=_L, status=pa.int16(), next=_L)
# What an account was stopped at and another took up within a TURN
TAKES = _schema(giver=_I, thing=_I, status=pa.int16(), stopped=_L, taker=_I, taken=_L)
DAYS = _schema(account=_I, entity=_I, first=_L, last=_L, n=_L)  # uses of leased entities, a day in one row
SOURCES = _schema(source=_S, rows=_L, loaded=_L, duplicate=_L, quarantined=_L, not_linking=_L)
LABELS = _schema(account_id=_S, label=_S)
DOSSIERS = _schema(name=_S, kind=_S, value=_S)  # kind `account` for account ids; no indicator is of that kind
QUARANTINE = _schema(source=_S, file=_S, row=_L, column=_S, reason=_S, value=_S)

# graph -> communities, rings
KINDS = _schema(kind=_S, family=_S, forgeable=pa.bool_(), accounts=_L, entities=_L, links=_L)
LOADS = _schema(account=_I, load=_F)  # exchanges a day in use
LINKS = _schema(account=_I, entity=_I, kind=_S, users=_L, bits=_F, first_seen=TIME, last_seen=TIME, n=_L)
# graph -> operators, reports. The episodes of leased entities that were cut: ``value`` is the name in the logs; in
# ENTITIES its first and last day stand behind it.
EPISODES = _schema(entity=_I, kind=_S, value=_S, first_seen=TIME, last_seen=TIME)

# graph -> reports. The entity ``entity`` says: ``taker`` took up the entity ``thing`` at ``taken`` after ``giver`` was
# stopped; ``chance`` is how often chance would give a start so soon.
HAND_OFFS = _schema(
    entity=_I, giver=_I, taker=_I, thing=_I, status=pa.int16(), stopped=TIME, taken=TIME, chance=_F
)

# communities -> rings. A proposal is one partition; communities are numbered within it.
CANDIDATES = _schema(proposal=_S, community=_I, account=_I)

# rings -> operators, reports. Ring numbers are dense; cluster is the group of rings found at the first level.
RING_MEMBERS = _schema(account=_I, ring=_I, log_odds_bits=_F, role=_S, families=_S, plantable=pa.bool_())
RING_AFFILIATIONS = _schema(account=_I, ring=_I, role=_S, log_odds_bits=_F)
RING_LIST = _schema(
    ring=_I, cluster=_I, verdict=_S, runner_up=_S, reasons=_S, accounts=_L, bits_saved=_F, log2_p_bound=_F, q_value=_F,
    families=_S, support=_F, verdict_fit=_F, runner_up_fit=_F,
)
RING_EVIDENCE = _schema(
    ring=_I, kind=_S, entity=_I, pool=_L, ring_accounts=_L, ring_accounts_with_kind=_L, all_accounts=_L, bits=_F
)
POOLS = _schema(ring=_I, kind=_S, entity=_I, ring_accounts=_L, all_accounts=_L)
# rings -> reports. Why the bystanders among the members are such: one row a reason (:class:`BystanderReason`).
BYSTANDERS = _schema(account=_I, ring=_I, reason=_S)
# rings -> reports. In which spans of creation times and loads an account lies; entities are numbered below zero.
WINDOWS = _schema(account=_I, entity=_I, kind=_S, value=_S)

# within operators: what the rings that are asked use, uses of all members added up
RING_USES = _schema(ring=_I, entity=_I, kind=_S, ring_accounts=_L, all_accounts=_L, uses=_L)

# operators -> reports. A link is what a ring shares with the other rings of its operator, kind by kind.
RING_OPERATOR_LIST = _schema(ring=_I, operator=_I, traffic_share=_F)
OPERATOR_LINKS = _schema(
    operator=_I, ring=_I, kind=_S, shared=_L, expected=_F, bits=_F, total_bits=_F, beyond_weakest=pa.bool_()
)
CARRIED = _schema(account=_I, ring=_I, operator=_I, share=_F)  # of accounts of rings that serve several operators
OPERATOR_LIST = _schema(
    operator=_I, bits_saved=_F, decided_by=_S, dossier=_S, dossier_match=_S, weakest_bits=_F, weakest_link=_S,
    alternatives=_S,
)

# published: the columns of the contract first, ours after them
PUBLISHED = {
    "members": _schema(
        account_id=_S, ring_id=_S, operator_id=_S, verdict=_S, log_odds_bits=_F, likelihood=_F, role=_S, families=_S,
        plantable=pa.bool_(),
    ),
    "affiliations": _schema(account_id=_S, ring_id=_S, role=_S, likelihood=_F),
    "rings": _schema(
        ring_id=_S, operator_id=_S, verdict=_S, runner_up=_S, accounts=_L, bits_saved=_F, log2_p_bound=_F, q_value=_F,
        families=_S, first_seen=TIME, last_seen=TIME, reasons=_S, support=_F, cluster=_I, ring=_I,
        verdict_fit=_F, runner_up_fit=_F,
    ),
    "ring_operators": _schema(ring_id=_S, operator_id=_S, traffic_share=_F),
    "operators": _schema(
        operator_id=_S, rings=_L, accounts=_L, exchanges=_L, first_seen=TIME, last_seen=TIME, bits_saved=_F,
        decided_by=_S, dossier=_S, dossier_match=_S, weakest_bits=_F, weakest_link=_S, alternatives=_S,
    ),
    "evidence": _schema(
        ring_id=_S, kind=_S, entity=_S, pool=_L, ring_accounts=_L, ring_accounts_with_kind=_L, all_accounts=_L,
        bits=_F, first_seen=TIME, last_seen=TIME,
    ),
}

# rings -> reports: what an account's log-odds for a ring are summed from. Codes: `prior` (bits_in, once an account);
# for each kind that the account has, `part` (bits_in once when it uses anything of the profile, else bits_out once)
# and, when it does use anything: `entity` (bits_in when it uses this one, else bits_out), `pool` (bits_in for each link
# to this entity, of a pool or shared by a few) and `outside` (bits_out for each link of the kind that leads outside
# these; entity is null).
PROFILES = _schema(ring=_I, kind=_S, code=_S, entity=_I, bits_in=_F, bits_out=_F)
