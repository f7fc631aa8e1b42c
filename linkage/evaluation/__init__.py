"""Runs and peers measured against the truth."""

from linkage.evaluation.report import Evaluation, ScoreLine, evaluate, peer_lines
from linkage.evaluation.scores import Score, bcubed, clusters_found, score
from linkage.evaluation.tables import read_truth

__all__ = [
    "Evaluation",
    "Score",
    "ScoreLine",
    "bcubed",
    "clusters_found",
    "evaluate",
    "peer_lines",
    "read_truth",
    "score",
]
