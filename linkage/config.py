"""The configuration: what ``linkage.toml`` may say, and the only place for defaults.

Every setting here appears in ``linkage schema`` and in docs/settings.md with its description.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from linkage.errors import ConfigError
from linkage.model import Kind
from linkage.wording import explain, nearest, sentence

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ByteSize = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")]
Share = Annotated[float, Field(ge=0, le=1)]
Resolutions = Annotated[tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...], Field(min_length=1)]


class Objective(StrEnum):
    """Quality function of a Leiden proposer; igraph wants these words in lower case."""

    MODULARITY = "modularity"
    CPM = "cpm"


class Level(StrEnum):
    """How much of a prompt its template id keeps; each level joins what the one before holds apart."""

    EXACT = "exact"
    MASKED = "masked"
    SKELETON = "skeleton"
    FAMILY = "family"


class Section(BaseModel):
    """A section of the file: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class EntityColumn(Section):
    """A column that names entities, where its kind alone does not say how to read it."""

    kind: Word
    format: Literal["text", "ipv4_number"] = Field(
        "text", description="`ipv4_number`: the column holds IPv4 addresses as numbers (fractions are cut off)."
    )


class Source(Section):
    """One log: event rows, or rows already aggregated (with `first`, `last`, `count`)."""

    path: str | list[str] = Field(
        description="File, glob or list of them: .parquet .csv .ndjson .jsonl, also .gz .zst."
    )
    account: str = Field(description="Column with the account id.")
    time: str | None = Field(None, description="Column with the time of the event; without it no time evidence.")
    role: Literal["signup", "exchange"] | None = Field(
        None,
        description="`signup`: `time` is the account's creation. `exchange`: each row is one exchange "
        "(the default for sources with `status` or a prompt_template column).",
    )
    entities: dict[str, Word | EntityColumn] = Field(
        default_factory=dict, description="Column = kind, or column = { kind = …, format = … }."
    )
    id: str | None = Field(None, description="Column with the id of the event; a repeated id is a duplicate.")
    status: str | None = Field(None, description="Column with the HTTP status.")
    prompt: str | None = Field(
        None, description="Column with the raw prompt: template ids are made of it, and its text is never kept."
    )
    system_prompt: str | None = Field(None, description="Column with the system prompt, where it is one of its own.")
    first: str | None = Field(None, description="Aggregated rows: column with the first time.")
    last: str | None = Field(None, description="Aggregated rows: column with the last time.")
    count: str | None = Field(None, description="Aggregated rows: column with the number of events.")
    zone: str | None = Field(None, description="IANA zone of times that carry none, such as `UTC`.")
    epoch: Literal["s", "ms", "us", "ns"] | None = Field(None, description="Unit of times given as numbers since 1970.")
    time_format: str | None = Field(None, description="strptime format of times that are not ISO 8601.")
    ignore: list[str] = Field(default_factory=list, description="Columns left out on purpose; no report of them.")


class KindSettings(Section):
    """A kind of the user's own, or changes to a built-in one."""

    family: Word | None = Field(None, description="Kinds that fail together share a family.")
    forgeable: bool | None = Field(None, description="Can an attacker put this value on a stranger's account for free?")
    normalise: Literal["text", "hash", "ip"] | None = Field(
        None, description="`text`: blanks trimmed; `hash`: lower case too; `ip`: canonical address, IPv6 by its /64."
    )
    leased: bool | None = Field(
        None, description="Does it pass between strangers, as addresses do? Then its uses are cut into episodes."
    )
    hand_off: bool | None = Field(
        None, description="Can another account go on with it where one was stopped, as with a template or a session?"
    )


class Labels(Section):
    """Accounts that are known already."""

    path: str | list[str] = Field(
        description="Table with the columns account_id and label: file, glob or list of them."
    )


class Dossiers(Section):
    """Operators that are known already."""

    path: str = Field(description="Glob of TOML files: name, accounts = […], [indicators] KIND = […].")


class Context(Section):
    """Lists of networks, by meaning: name = file with one network a line."""

    ip: dict[Word, str] = Field(default_factory=dict)


class Templates(Section):
    """Template ids from raw prompts: by which key, against which catalogue, at which levels."""

    key_file: str | None = Field(
        None, description="File (mode 600) with the key of the ids, unless LINKAGE_TEMPLATE_KEY holds it."
    )
    catalogue: str = Field(
        "templates.catalogue", description="File of the templates known so far, as keyed hashes; each run adds to it."
    )
    words: str | None = Field(
        None, description="File (mode 600) for words of skeletons that six accounts share, none by default."
    )
    levels: dict[Level, Word] = Field(
        default_factory=lambda: {Level.SKELETON: "prompt_template"},
        min_length=1,
        description="Level = kind: `exact`, `masked`, `skeleton`, `family`, each an entity of every exchange.",
    )


class Audit(Section):
    """How many rows may be unusable."""

    warn_share: Share = Field(0.01, description="Share of quarantined rows of a source above which the run warns.")
    stop_share: Share = Field(0.05, description="Share of quarantined rows of a source above which the run stops.")


class EngineSettings(Section):
    """The engine that runs the SQL steps."""

    name: Literal["duckdb"] = "duckdb"
    memory_limit: ByteSize | None = Field(
        None, description="Such as `4GB`; past it the engine spills. Default: 80 % of memory."
    )
    threads: int | None = Field(None, ge=1, le=1024, description="Default: all cores.")
    spill_dir: str | None = Field(None, description="Folder for spilled data. Default: inside the unfinished run.")


class Proposers(Section):
    """Who proposes communities. Proposals are candidates only; the code length decides."""

    objective: Objective = Field(Objective.MODULARITY, description="Quality function of Leiden on all kinds.")
    resolutions: Resolutions = Field((1.0, 8.0), description="Resolutions at the first level.")
    inner_resolutions: Resolutions = Field((0.3, 1.0), description="Resolutions inside a cluster.")
    iterations: int = Field(2, ge=1, description="Leiden iterations.")
    multiplex: bool = Field(False, description="Also propose by leidenalg's multiplex optimiser, one layer a family.")


class Timing(Section):
    """What times are evidence of: episodes of leased entities, and kinds of the family `timing`, made from events."""

    episodes: bool = Field(False, description="Leased entities are cut where they lay idle or changed hands.")
    hand_off: bool = Field(
        True, description="Accounts that take up what another was stopped at (429, 403), sooner than chance has it."
    )


class Method(Section):
    """Settings of the method. None is a threshold of suspicion; defaults are the measured ones."""

    seed: int = Field(1, ge=0, description="Seed of every random choice.")
    min_accounts: int = Field(3, ge=2, description="Smallest community that is considered.")
    rounds: int = Field(3, ge=1, le=10, description="Rounds of refinement.")
    splits: int = Field(2, ge=1, le=10, description="Rounds of splitting groups that one family holds together.")
    plantable: Literal["member", "bystander"] = Field(
        "bystander",
        description="Accounts of suspect rings whose every tie anyone could have planted on them. `bystander`: not "
        "accused, and given to no operator. `member`: marked, and not above tier 3 of the action list.",
    )
    proposers: Proposers = Field(default_factory=Proposers)
    timing: Timing = Field(default_factory=Timing)


class Output(Section):
    """Where runs are published."""

    dir: str = Field("runs", description="Folder of the runs.")


class Config(Section):
    """linkage.toml"""

    sources: dict[Word, Source] = Field(description="Any number of sources, any names.")
    kinds: dict[Word, KindSettings] = Field(default_factory=dict)
    labels: Labels | None = None
    dossiers: Dossiers | None = None
    context: Context = Field(default_factory=Context)
    templates: Templates = Field(default_factory=Templates)
    audit: Audit = Field(default_factory=Audit)
    engine: EngineSettings = Field(default_factory=EngineSettings)
    method: Method = Field(default_factory=Method)
    output: Output = Field(default_factory=Output)


class KindSpec(Section):
    """A kind with every setting decided."""

    family: str
    forgeable: bool
    normalise: Literal["text", "hash", "ip"]
    leased: bool = False
    hand_off: bool = False


BUILT_IN_KINDS: dict[str, KindSpec] = {
    "payment_method": KindSpec(family="payment", forgeable=False, normalise="text"),
    "ip": KindSpec(family="network", forgeable=False, normalise="ip", leased=True),
    "device": KindSpec(family="device", forgeable=True, normalise="hash"),
    "prompt_template": KindSpec(family="content", forgeable=True, normalise="hash", hand_off=True),
}
LEASED_FAMILY = "network"  # addresses pass between strangers
CONTENT_FAMILY = "content"  # popular templates tie strangers; those of one operator its rings
# Kinds that linkage makes from the times of events. Forgeable: whoever knows when a stranger works can time accounts of
# his own to it, and a value planted on a stranger is planted at a time of the attacker's choice.
TIMING_FAMILY = "timing"
TIMING_KINDS = {name: Kind(name, TIMING_FAMILY, forgeable=True) for name in ("hand_off",)}
BUILT_IN_FAMILIES = (*(spec.family for spec in BUILT_IN_KINDS.values()), TIMING_FAMILY)
PAYMENT_FAMILY = "payment"  # columns of these kinds are screened for card numbers and masked in the quarantine


def kind_specs(config: Config) -> dict[str, KindSpec]:
    """Every kind the config knows, built-in ones first, each with its settings decided.

    A kind of the user's own defaults to a family of its own name, forgeable (the cautious guess), and plain text.
    """
    specs = dict(BUILT_IN_KINDS)
    for name, change in config.kinds.items():
        base = specs.get(name, KindSpec(family=name, forgeable=True, normalise="text"))
        specs[name] = base.model_copy(update=_changes(name, change))
    return specs


def _changes(name: str, change: KindSettings) -> dict[str, Any]:
    """What the user says of a kind; a kind that joins the family of addresses is leased as they are."""
    said = change.model_dump(exclude_none=True)
    return {"leased": True, **said} if said.get("family") == LEASED_FAMILY and name not in BUILT_IN_KINDS else said


def used_kinds(config: Config) -> tuple[Kind, ...]:
    """The kinds that some source names, in order of name."""
    specs = kind_specs(config)
    names = {column_spec(c).kind for s in config.sources.values() for c in s.entities.values()}
    names |= set(config.templates.levels.values()) if has_prompts(config) else set()
    return tuple(Kind(name, specs[name].family, specs[name].forgeable) for name in sorted(names))


def has_prompts(config: Config) -> bool:
    """Whether template ids are to be made of some source's prompts."""
    return any(source.prompt for source in config.sources.values())


@dataclass(frozen=True)
class TimedKinds:
    """The kinds whose times count: cut into episodes, or searched for hand-offs. No kind is both."""

    leased: frozenset[str]
    handed_on: frozenset[str]


def timed_kinds(config: Config) -> TimedKinds:
    """The kinds that are leased and those that hand-offs are sought in, where ``method.timing`` asks for it."""
    leased = frozenset(kind for kind, spec in kind_specs(config).items() if spec.leased)
    return TimedKinds(leased if config.method.timing.episodes else frozenset(), handed_on(config))


def handed_on(config: Config) -> frozenset[str]:
    """The kinds that hand-offs are sought in; none where the setting says so."""
    specs = kind_specs(config)
    return frozenset(kind for kind, spec in specs.items() if spec.hand_off and config.method.timing.hand_off)


def column_spec(column: str | EntityColumn) -> EntityColumn:
    """The long form of an entry of ``entities``."""
    return EntityColumn(kind=column, format="text") if isinstance(column, str) else column


def json_schema() -> dict[str, Any]:
    """JSON Schema of linkage.toml, with every setting, default and description; editors complete from it."""
    return Config.model_json_schema()


def load_config(path: Path) -> Config:
    """Read and check a linkage.toml; paths inside stay as written (see :func:`resolve`).

    Raises:
        ConfigError: the file is missing, is no TOML, or says something that can't be; names file, key and nearest word.
    """
    if not path.is_file():
        raise ConfigError("there is no such file.", where=str(path), todo="Write one with 'linkage init FILES...'.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}.", where=str(path), todo="Mend that line.") from error
    return parse_config(raw, str(path))


def parse_config(raw: dict[str, Any], where: str) -> Config:
    """Check a configuration that is already a mapping.

    Raises:
        ConfigError: as :func:`load_config`.
    """
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(explain(error, Config), where=where, todo="'linkage schema' prints every setting.") from error
    _check_kinds(config, where)
    _check_sources(config, where)
    for level, kind in config.templates.levels.items():
        _check_known(config, f"templates.levels.{level}", kind, where)
    return config


def resolve(config_path: Path, path: str) -> str:
    """A path of the config, taken relative to the folder of the config file."""
    return str(Path(config_path).resolve().parent / path)


def engine_settings(config: Config, config_path: Path) -> EngineSettings:
    """The settings of the engine, with the spill folder taken relative to the folder of the config file."""
    spill = config.engine.spill_dir
    return config.engine.model_copy(update={"spill_dir": resolve(config_path, spill)}) if spill else config.engine


def _check_kinds(config: Config, where: str) -> None:
    for name, settings in config.kinds.items():
        if name in TIMING_KINDS or settings.family == TIMING_FAMILY:
            raise ConfigError(
                f"key 'kinds.{name}': the family '{TIMING_FAMILY}' and its kinds are made from the times of events.",
                where=where, todo="Choose another name.",
            )
    for name, spec in kind_specs(config).items():
        if spec.leased and spec.hand_off:
            raise ConfigError(
                f"key 'kinds.{name}': what is leased is not handed on.", where=where,
                todo="Keep 'leased' or 'hand_off'.",
            )


def _check_sources(config: Config, where: str) -> None:
    if not config.sources:
        raise ConfigError("key 'sources' is empty.", where=where, todo="Add at least one [sources.NAME].")
    for name, source in config.sources.items():
        place = f"sources.{name}"
        for column, entry in source.entities.items():
            _check_known(config, f"{place}.entities.{column}", column_spec(entry).kind, where)
        if source.system_prompt and not source.prompt:
            raise ConfigError(
                f"key '{place}.system_prompt': it goes with 'prompt'.", where=where, todo="Name that column too."
            )
        _check_times(source, place, where)


def _check_known(config: Config, key: str, kind: str, where: str) -> None:
    kinds = sorted(kind_specs(config))
    if kind not in kinds:
        raise ConfigError(
            sentence(f"key '{key}': kind '{kind}' is unknown{nearest(kind, kinds)}"),
            where=where, todo=f"Use a known kind, or declare it with [kinds.{kind}].",
        )


def _check_times(source: Source, place: str, where: str) -> None:
    aggregated = [source.first, source.last, source.count]
    if source.time and any(aggregated[:2]):
        raise ConfigError(
            f"key '{place}': 'time' goes with event rows, 'first' and 'last' with aggregated rows.", where=where,
            todo="Keep one of them.",
        )
    if bool(source.first) != bool(source.last):
        raise ConfigError(f"key '{place}': 'first' and 'last' go together.", where=where, todo="Give both or none.")
    if source.role == "signup" and not source.time:
        raise ConfigError(
            f"key '{place}': role 'signup' needs 'time'.", where=where, todo="Name the column with the creation time."
        )
