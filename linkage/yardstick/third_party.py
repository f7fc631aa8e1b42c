"""The table of third parties' sets: linkage and every peer, each by the set's own measure."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from linkage import pipeline
from linkage.errors import ConfigError
from linkage.evaluation.peers import PEERS, NotRun
from linkage.model import Verdict
from linkage.yardstick.bench import Told
from linkage.yardstick.measure import clusterings
from linkage.yardstick.sets import SETS, Scored, ThirdParty, copy_set
from linkage.yardstick.tables import markdown

ANY, SUSPECT = "**linkage**, rings of any verdict", "**linkage**, suspect rings only"


def third_party_table(data: Path, configs: Path, work: Path, tell: Told) -> str:
    """The Markdown table over the sets that are in ``data``; ``configs`` has the example of each, ``work`` copies.

    Raises:
        ConfigError: none of the sets is there.
    """
    there = [chosen for chosen in SETS if (data / chosen.name).is_dir()]
    if not there:
        raise ConfigError(
            f"none of the sets is there: {', '.join(chosen.name for chosen in SETS)}.", where=str(data),
            todo="Name the folder that holds them with --data or in LINKAGE_DATA.",
        )
    columns = {}
    for chosen in there:
        folder = work / chosen.name
        tell(f"{chosen.name}: linkage")
        run = pipeline.run(copy_set(chosen, data, configs, folder))
        columns[chosen.title] = {**_ours(chosen, run, folder), **_peers(chosen, run, folder, tell)}
    rows = [[name, *(column[name] for column in columns.values())] for name in (ANY, SUSPECT, *(p.name for p in PEERS))]
    return markdown(["", *columns], rows)


def _ours(chosen: ThirdParty, run: Path, folder: Path) -> dict[str, str]:
    members = pd.read_parquet(run / "members.parquet").set_index("account_id")
    everybody = pq.read_table(run / "1-sources/accounts.parquet", columns=["account_id"]).to_pandas()["account_id"]
    ring = members["ring_id"].reindex(everybody)
    suspect = ring.where(members["verdict"].reindex(everybody) == str(Verdict.SUSPECT))
    told = chosen.measure(suspect, folder).text if suspect.notna().any() else "no suspect ring"
    return {ANY: chosen.measure(ring, folder).text, SUSPECT: told}


def _peers(chosen: ThirdParty, run: Path, folder: Path, tell: Told) -> dict[str, str]:
    told = {}
    for peer in PEERS:
        tell(f"{chosen.name}: {peer.name}")
        try:
            scored = [
                chosen.measure(pd.Series(labels, index=ids.to_pandas()).where(lambda s: s >= 0), folder)
                for ids, _, labels in clusterings(peer.name, run)
            ]
        except NotRun as reason:
            told[peer.name] = f"not run: {reason}"
        else:
            told[peer.name] = best(scored).text
    return told


def best(scored: list[Scored]) -> Scored:
    """The best setting in hindsight; the usual one, which is the first, where there is no truth to choose with."""
    return scored[0] if math.isnan(scored[0].key) else max(scored, key=lambda s: s.key)
