"""Drain, the log parser to be measured by, as drain3 has it, with the settings that its authors publish per set.

The settings are those of logpai's logparser (https://github.com/logpai/logparser, logparser/Drain/benchmark.py), the
benchmark of Zhu et al., Tools and Benchmarks for Automated Log Parsing (2019): the depth of the tree, the least
similarity, and what is replaced by a wildcard before, in this order. Its log formats cut the message from the line;
the sets hold the message alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

WILDCARD = "*"  # drain3 puts it between < and >, which is its own wildcard too
IP = r"(\d+\.){3}\d+"
HOST = r"([\w-]+\.){2,}[\w-]+"


@dataclass(frozen=True)
class Setting:
    """Drain's settings for a set."""

    similarity: float
    depth: int
    masks: tuple[str, ...] = ()


USUAL = Setting(0.4, 4)  # what drain3 itself takes where nothing is said
PUBLISHED = {
    "Android": Setting(
        0.2, 6, (r"(/[\w-]+)+", HOST, r"\b(\-?\+?\d+)\b|\b0[Xx][a-fA-F\d]+\b|\b[a-fA-F\d]{4,}\b")
    ),
    "Apache": Setting(0.5, 4, (IP,)),
    "BGL": Setting(0.5, 4, (r"core\.\d+",)),
    "HDFS": Setting(0.5, 4, (r"blk_-?\d+", IP + r"(:\d+)?")),
    "HPC": Setting(0.5, 4, (r"=\d+",)),
    "Hadoop": Setting(0.5, 4, (IP,)),
    "HealthApp": Setting(0.2, 4),
    "Linux": Setting(0.39, 6, (IP, r"\d{2}:\d{2}:\d{2}")),
    "Mac": Setting(0.7, 6, (HOST,)),
    "OpenSSH": Setting(0.6, 5, (IP, HOST)),
    "OpenStack": Setting(0.5, 5, (rf"({IP},?)+", r"/.+?\s", r"\d+")),
    "Proxifier": Setting(0.6, 3, (r"<\d+\ssec", r"([\w-]+\.)+[\w-]+(:\d+)?", r"\d{2}:\d{2}(:\d{2})*", r"[KGTM]B")),
    "Spark": Setting(0.5, 4, (IP, r"\b[KGTM]?B\b", HOST)),
    "Thunderbird": Setting(0.5, 4, (IP,)),
    "Windows": Setting(0.7, 5, (r"0x.*?\s",)),
    "Zookeeper": Setting(0.5, 4, (r"(/|)" + IP + r"(:\d+)?",)),
}  # fmt: skip


def drain_groups(lines: Iterable[str], setting: Setting = USUAL) -> pd.Series:
    """The number of the cluster that Drain puts each line into, line after line."""
    from drain3.drain import Drain  # of the extra `dev`
    from drain3.masking import LogMasker, MaskingInstruction

    masker = LogMasker([MaskingInstruction(mask, WILDCARD) for mask in setting.masks], "<", ">")
    drain = Drain(depth=setting.depth, sim_th=setting.similarity)
    return pd.Series([drain.add_log_message(masker.mask(line))[0].cluster_id for line in lines], dtype="int64")
