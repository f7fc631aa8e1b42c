"""Sets that other people made, each with its own measure. Nothing is ever tuned to them.

A measure takes the cluster of each account (a series by account id, missing where the account is in none) and gives a
text for the table, and a number to choose a peer's best setting by; NaN where there is no truth to choose with.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from linkage.evaluation import Score, label_lines, read_truth

SMALLEST = 3  # accounts that make a group
WINDOW = 60  # seconds within which two accounts use one thing when they are coordinated (CooRTweet's usual choice)
REPEATED = 2  # things that they use so
KINDS = ("url_id", "domain_id", "hashtag_id", "phash_id")
Clusters = pd.Series


@dataclass(frozen=True)
class Scored:
    """A measure's text, and the number that is larger for better clusters."""

    text: str
    key: float


@dataclass(frozen=True)
class ThirdParty:
    """A set: the name of its folder and its config, what the table calls it, and its measure."""

    name: str
    title: str
    measure: Callable[[Clusters, Path], Scored]
    prepare: Callable[[Path], None] = lambda folder: None


def copy_set(chosen: ThirdParty, data: Path, configs: Path, folder: Path) -> Path:
    """Put a set's files and its example config into a new folder; returns the config."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in (data / chosen.name).iterdir():
        shutil.copyfile(file, folder / file.name)  # without its mode: the data may be read-only
    chosen.prepare(folder)
    return Path(shutil.copy(configs / f"{chosen.name}.toml", folder / "linkage.toml"))


def wallets(clusters: Clusters, folder: Path) -> Scored:
    """B-cubed against the reviewed operators, and how many of them are found."""
    s = bcubed_score(clusters, folder / "operators_half.csv")
    return Scored(f"{s.f1:.3f} ({s.precision:.2f}, {s.recall:.2f}), {s.found} of {s.clusters}", s.f1)


def sign_ups(clusters: Clusters, folder: Path) -> Scored:
    """Precision and recall of fraud among the accounts in groups."""
    data = pd.read_csv(folder / "fraud_data.csv.gz", dtype={"user_id": str})
    fraud = data.set_index("user_id")["class"].eq(1)
    grouped = groups(clusters)
    hits = int(fraud.reindex(grouped.index).sum())
    precision, recall = hits / max(len(grouped), 1), hits / int(fraud.sum())
    f1 = 2 * hits / (len(grouped) + int(fraud.sum()))
    return Scored(f"{precision:.3f}, {recall:.3f} ({len(grouped):,})", f1)


def institute(clusters: Clusters, folder: Path) -> Scored:
    """Normalised mutual information with the departments; persons alone or in no cluster are one group."""
    from sklearn.metrics import normalized_mutual_info_score  # of the extra `dev`

    path = folder / "email-Eu-core-department-labels.txt"
    department = pd.read_csv(path, sep=" ", names=["person", "department"], dtype=str).set_index("person")["department"]
    found = groups(clusters, 2).astype(str).reindex(department.index).fillna("none")
    value = float(normalized_mutual_info_score(department, found))
    return Scored(f"{value:.3f}", value)


def tax_forms(clusters: Clusters, folder: Path) -> Scored:
    """How many employers are taken for a group, and B-cubed F1 of households (an account's last one)."""
    forms = pd.read_parquet(folder / "w2.parquet").sort_values(["account_id", "tax_year"])
    taken = found_groups(clusters, forms[["account_id", "employer"]].set_axis(["account_id", "group"], axis=1))
    last = forms.drop_duplicates("account_id", keep="last")
    together = last.groupby("household_id")["account_id"].transform("size") > 1
    truth = folder / "households.csv"
    last[together].rename(columns={"household_id": "operator"})[["account_id", "operator"]].to_csv(truth, index=False)
    f1 = bcubed_score(clusters, truth).f1
    return Scored(f"{taken}, {f1:.3f}", f1)


def posts(clusters: Clusters, folder: Path) -> Scored:
    """Of the pairs that use things together within WINDOW, how many are in one cluster; and of how many pairs there."""
    cluster = groups(clusters, 2)
    pairs = co_use(folder / "german_elections.parquet")
    one = int((pairs["a"].map(cluster) == pairs["b"].map(cluster)).sum())
    sizes = cluster.value_counts()
    return Scored(f"{one:,} of {len(pairs):,} ({int((sizes * (sizes - 1) // 2).sum()):,})", float("nan"))


def co_use(path: Path) -> pd.DataFrame:
    """Pairs (a, b) of accounts that use REPEATED things and more of one kind within WINDOW of each other."""
    parts = " UNION ".join(
        f"""SELECT x.account_id AS a, y.account_id AS b FROM posts x JOIN posts y
            ON x.{kind} = y.{kind} AND x.account_id < y.account_id AND abs(x.at - y.at) <= {WINDOW}
            GROUP BY ALL HAVING count(DISTINCT x.{kind}) >= {REPEATED}"""
        for kind in KINDS
    )
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE posts AS SELECT *, timestamp::DOUBLE AS at FROM read_parquet(?)", [str(path)])
        found: pd.DataFrame = connection.sql(f"{parts} ORDER BY ALL").df()
        return found


def bcubed_score(clusters: Clusters, truth: Path) -> Score:
    """The score against a table of account_id and operator."""
    labels = np.asarray(clusters.astype("category").cat.codes, dtype=np.int64)
    (line,) = label_lines("", pa.array(clusters.index.tolist(), pa.string()), labels, read_truth(truth))
    return line.score


def groups(clusters: Clusters, smallest: int = SMALLEST) -> Clusters:
    """The accounts of clusters of at least so many accounts."""
    return clusters[clusters.map(clusters.value_counts()).ge(smallest)]


def found_groups(clusters: Clusters, members: pd.DataFrame) -> int:
    """Groups of SMALLEST accounts and more (account_id, group) of which one cluster has half and is half theirs."""
    members = members.drop_duplicates()
    size = members.groupby("group").size().rename("group_size")
    both = members.assign(cluster=members["account_id"].map(clusters)).dropna()
    both = both.groupby(["group", "cluster"]).size().rename("both").reset_index()
    both = both.merge(size.reset_index(), on="group")
    both["cluster_size"] = both["cluster"].map(clusters.value_counts())
    hit = (2 * both["both"] >= both["group_size"]) & (2 * both["both"] >= both["cluster_size"])
    return int(both.loc[hit & (both["group_size"] >= SMALLEST), "group"].nunique())


def _edges(folder: Path) -> None:
    edges = pd.read_csv(folder / "email-Eu-core.txt", sep=" ", names=["sender", "recipient"])
    edges.to_csv(folder / "edges.csv", index=False)


SETS = (
    ThirdParty("hop", "wallets: F1 (precision, recall), operators found", wallets),
    ThirdParty("fraud_ecommerce", "sign-ups: precision, recall (accounts)", sign_ups),
    ThirdParty("email_eu_core", "e-mail: NMI", institute, _edges),
    ThirdParty("pseudopeople", "tax forms: employers taken for a group, household F1", tax_forms),
    ThirdParty("coortweet", "posts: co-use pairs in one cluster (all pairs there)", posts),
)
