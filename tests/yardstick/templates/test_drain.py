from __future__ import annotations

import pytest

from linkage.yardstick.templates.drain import PUBLISHED, Setting, drain_groups

LINES = ["deleted block blk_-17", "deleted block blk_23", "served 10.0.0.1:80 in vain"]


def test_settings_are_the_published_ones() -> None:
    assert PUBLISHED["Linux"] == Setting(0.39, 6, (r"(\d+\.){3}\d+", r"\d{2}:\d{2}:\d{2}"))
    assert PUBLISHED["HDFS"] == Setting(0.5, 4, (r"blk_-?\d+", r"(\d+\.){3}\d+(:\d+)?"))
    assert PUBLISHED["Zookeeper"] == Setting(0.5, 4, (r"(/|)(\d+\.){3}\d+(:\d+)?",))
    assert PUBLISHED["OpenSSH"] == Setting(0.6, 5, (r"(\d+\.){3}\d+", r"([\w-]+\.){2,}[\w-]+"))
    assert PUBLISHED["OpenStack"].masks == (r"((\d+\.){3}\d+,?)+", r"/.+?\s", r"\d+")
    assert len(PUBLISHED) == 16


def test_each_line_has_the_number_of_its_cluster() -> None:
    first, second, third = drain_groups(LINES, PUBLISHED["HDFS"])
    assert first == second != third


@pytest.mark.parametrize(
    ("setting", "together"),
    [
        (Setting(0.5, 4), True), (Setting(0.75, 4), False), (Setting(0.75, 4, (r"of \w+ \w+",)), True),
        (Setting(0.5, 7), False),
    ],
)
def test_every_setting_changes_the_clusters(setting: Setting, together: bool) -> None:
    one, two = drain_groups(["the king of old Spain is here", "the king of new France is here"], setting)
    assert (one == two) is together
