"""The parts of the yardstick of templates, by the name that ``--only`` takes: each makes the text of its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from linkage.simulator import Preset
from linkage.yardstick.templates import end_to_end, prompts
from linkage.yardstick.templates.assigned import assigned
from linkage.yardstick.templates.end_to_end import compared, runs_table, worlds
from linkage.yardstick.templates.logs import accuracies, logs_table
from linkage.yardstick.templates.prompts import families, prompts_table
from linkage.yardstick.templates.speed import FAST, LARGEST, speed_table, speeds


@dataclass(frozen=True)
class Asked:
    """Where the third parties' sets are, where worlds are kept, who is told; seeds and presets, if not the usual."""

    data: Path
    work: Path
    tell: Callable[[str], None]
    seeds: tuple[int, ...] = ()
    presets: tuple[Preset, ...] = ()

    @property
    def usual(self) -> bool:
        """Whether what is measured is what the page tells of."""
        return not self.seeds and not self.presets


def _logs(asked: Asked) -> str:
    return logs_table(accuracies(asked.data / "loghub", assigned))


def _prompts(asked: Asked) -> str:
    return prompts_table(families(asked.data, assigned, asked.seeds or prompts.SEEDS))


def _speed(asked: Asked) -> str:
    return speed_table(speeds(asked.work, asked.tell, FAST))


def _memory(asked: Asked) -> str:
    return speed_table(speeds(asked.work, asked.tell, LARGEST))


def _end_to_end(asked: Asked) -> str:
    chosen = worlds(asked.presets or end_to_end.PRESETS, asked.seeds or end_to_end.SEEDS)
    return runs_table(compared(asked.work, chosen, asked.tell))


PARTS: dict[str, Callable[[Asked], str]] = {
    "logs": _logs, "prompts": _prompts, "speed": _speed, "memory": _memory, "end-to-end": _end_to_end,
}  # fmt: skip
NEED_DATA = ("logs", "prompts")
