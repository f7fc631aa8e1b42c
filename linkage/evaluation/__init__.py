"""Runs and peers measured against the truth."""

from linkage.evaluation.ceiling import ceiling_lines
from linkage.evaluation.report import Evaluation, evaluate, label_lines, peer_lines
from linkage.evaluation.scores import Score, ScoreLine, bcubed, clusters_found, score
from linkage.evaluation.truth import Truth, read_truth

__all__ = [
    "Evaluation",
    "Score",
    "ScoreLine",
    "Truth",
    "bcubed",
    "ceiling_lines",
    "clusters_found",
    "evaluate",
    "label_lines",
    "peer_lines",
    "read_truth",
    "score",
]
