"""Lines as programs log them, by statements of a random grammar: constants, and slots of one word or several."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

VERBS = [
    "starting",
    "stopping",
    "opened",
    "closed",
    "failed",
    "received",
    "sending",
    "loaded",
    "created",
    "deleted",
    "registered",
    "completed",
    "finished",
    "accepted",
    "rejected",
    "denied",
    "granted",
    "acquired",
    "released",
    "waiting",
    "joined",
    "left",
    "changed",
    "updated",
    "exceeded",
    "missing",
]
NOUNS = [
    "connection",
    "session",
    "request",
    "server",
    "client",
    "block",
    "task",
    "job",
    "thread",
    "cache",
    "disk",
    "node",
    "user",
    "file",
    "service",
    "manager",
    "worker",
    "queue",
    "message",
    "packet",
    "timeout",
    "error",
    "memory",
    "buffer",
    "index",
    "table",
    "query",
    "snapshot",
    "heartbeat",
    "password",
    "key",
    "channel",
    "socket",
    "port",
    "interface",
    "driver",
    "kernel",
    "page",
    "limit",
    "token",
    "lease",
    "lock",
    "member",
    "status",
    "version",
    "handler",
    "checkpoint",
]
LINKS = ["for", "from", "to", "in", "on", "at", "by", "with", "of", "after", "before", "during"]
NAMES = [
    "root",
    "admin",
    "guest",
    "alice",
    "bob",
    "carol",
    "dave",
    "eve",
    "mallory",
    "oscar",
    "peggy",
    "trent",
    "victor",
    "walter",
    "nobody",
    "daemon",
    "mail",
    "www",
    "games",
    "news",
    "proxy",
    "ftp",
    "mysql",
    "postgres",
    "redis",
    "nginx",
    "tomcat",
    "jenkins",
    "git",
    "svn",
    "deploy",
    "demo",
    "info",
    "sales",
    "support",
    "oracle",
    "ubuntu",
]
Part = str | Callable[[], str]


def slot(rng: random.Random) -> Callable[[], str]:
    """Fills a slot of a random kind."""
    few = rng.sample(NAMES, rng.randint(1, len(NAMES)))
    paths = ["/" + "/".join(rng.sample(NOUNS, rng.randint(1, 3))) for _ in range(rng.randint(2, 40))]
    says = [" ".join(rng.choices(NOUNS + VERBS, k=rng.randint(1, 6))) for _ in range(rng.randint(4, 30))]
    kinds: list[Callable[[], str]] = [
        lambda: str(int(10 ** rng.uniform(0, 6))),
        lambda: ".".join(str(rng.randint(0, 255)) for _ in range(4)),
        lambda: f"0x{rng.getrandbits(32):08x}",
        lambda: rng.choice(few),
        lambda: rng.choice(paths),
        lambda: f"node-{rng.randint(1, 30)}",
        lambda: "uid=" + rng.choice(few),
        lambda: rng.choice(says),
    ]
    return rng.choices(kinds, [5, 3, 2, 5, 2, 2, 1, 1])[0]


def statement(rng: random.Random) -> list[Part]:
    """Constants and slots of one statement."""
    parts: list[Part] = [*rng.sample(NOUNS, rng.randint(1, 2)), rng.choice(VERBS)]
    for _ in range(rng.randint(1, 3)):
        parts += [rng.choice(LINKS), *rng.sample(NOUNS, rng.randint(0, 2)), slot(rng)]
    return parts


def log(seed: int, lines: int = 1000) -> tuple[list[str], list[int]]:
    """Lines, and the statement that wrote each; a fifth of the statements has a twin with another verb."""
    rng = random.Random(seed)
    statements = [statement(rng) for _ in range(rng.choice([10, 30, 80]))]
    for twin in rng.sample(statements, len(statements) // 5):
        place = next(i for i, part in enumerate(twin) if part in VERBS)
        statements.append([*twin[:place], rng.choice([v for v in VERBS if v != twin[place]]), *twin[place + 1 :]])
    rng.shuffle(statements)
    chosen = rng.choices(range(len(statements)), [1 / (i + 1) for i in range(len(statements))], k=lines)
    return [" ".join(part if isinstance(part, str) else part() for part in statements[i]) for i in chosen], chosen


def grouping_accuracy(found: Iterable[Hashable], true: Iterable[Hashable]) -> float:
    """The share of lines whose group is exactly the true one."""
    groups: dict[Hashable, set[int]] = defaultdict(set)
    truth: dict[Hashable, set[int]] = defaultdict(set)
    for line, (group, label) in enumerate(zip(found, true, strict=True)):
        groups["found", group].add(line)
        truth[label].add(line)
    right = sum(len(lines) for lines in groups.values() if lines in truth.values())
    return right / sum(map(len, truth.values()))
