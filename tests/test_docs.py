"""The documents say what the program does: every command, option and error text, and nothing that is not there."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from linkage.cli import app
from linkage.errors import ExitCode
from linkage.templates.ids import VERSIONS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*.md")])
GROUP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = dict(GROUP.commands)
ERRORS = {"LinkageError", "ConfigError", "InputRefused", "RunLocked", "StorageFault", "HashMismatch", "NotFound",
          "MissingExtra"}  # fmt: skip
WORDS = 9  # letters; a text with fewer of its own (`….`, `'…' …`) can't be looked for


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def section(command: str) -> str:
    """What docs/commands.md says about one command."""
    parts = re.split(r"^## ", text_of(ROOT / "docs/commands.md"), flags=re.MULTILINE)
    (found,) = [part for part in parts if part.startswith(f"linkage {command}\n")]
    return found


def rows(text: str) -> dict[str, str]:
    """First column (without code marks) to default, of the tables of options in a text."""
    cells = re.findall(r"^\| `([^`]+)` \| ([^|]*)\|", text, flags=re.MULTILINE)
    return {name: default.strip().strip("`") for name, default in cells}


def options_of(command: Any) -> list[Any]:
    return [p for p in command.params if "--help" not in p.opts]


def shown_name(parameter: Any) -> str:
    """As the help shows it: the long option, or the word for an argument."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    return str(max(parameter.opts, key=len))


def block_lines(page: Path) -> Iterator[str]:
    """Lines of code blocks, indented or fenced."""
    text = text_of(page)
    yield from (line.strip() for line in re.findall(r"^ {4}(\S.*)$", text, flags=re.MULTILINE))
    for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL):
        yield from (line.strip() for line in block.splitlines())


def parse(line: str) -> None:
    """Have a command line read, without running it: an unknown command, option or missing argument raises."""
    _, *words = shlex.split(line, comments=True)
    before = list(itertools.takewhile(lambda word: word.startswith("-"), words))
    assert set(before) <= {option for p in GROUP.params for option in p.opts} | {"--help"}, line
    name, *rest = words[len(before) :] or [None]
    if name is not None:
        assert name in COMMANDS, line
        COMMANDS[name].make_context(name, rest, resilient_parsing="--help" in rest).close()


# Commands and options


def test_every_command_has_its_section_and_its_line_in_the_list() -> None:
    text = text_of(ROOT / "docs/commands.md")
    assert re.findall(r"^\| \[`([\w-]+)`\]\(#linkage-([\w-]+)\)", text, flags=re.MULTILINE) == [
        (name, name) for name in re.findall(r"^## linkage ([\w-]+)$", text, flags=re.MULTILINE)
    ]
    # in the order in which the help lists them, too
    assert re.findall(r"^## linkage ([\w-]+)$", text, flags=re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_and_argument_is_documented_with_its_default(name: str) -> None:
    told = rows(section(name))
    options = options_of(COMMANDS[name])
    assert set(told) == {shown_name(p) for p in options}
    for parameter in options:
        default = parameter.default
        if parameter.required:
            assert told[shown_name(parameter)] == "required"
        elif default not in (None, False):
            assert told[shown_name(parameter)] == str(getattr(default, "value", default))


def test_the_options_before_the_command_are_documented() -> None:
    told = text_of(ROOT / "docs/commands.md").split("\n## ")[0]
    assert all(f"| `{shown_name(p)}` |" in told for p in options_of(GROUP))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_has_an_example_that_can_be_typed(name: str) -> None:
    text = " ".join((COMMANDS[name].help or "").split())
    found = re.search(r"Examples?: (.+)$", text)
    assert found, name
    examples = [part.strip() for part in re.split(r", (?=linkage )", found[1])]
    assert all(example.startswith(f"linkage {name}") for example in examples)
    for example in examples:
        parse(example)
    shown = [line for line in block_lines(ROOT / "docs/commands.md") if line.startswith(f"linkage {name} ")]
    assert shown or f"    linkage {name}\n" in section(name)
    assert all(p.help for p in options_of(COMMANDS[name]))


@pytest.mark.parametrize(
    "line",
    ["linkage nonsense", "linkage --nonsense run", "linkage run --nonsense", "linkage why missing",
     "linkage rings --verdict nonsense", "linkage rings --top nonsense"],
)  # fmt: skip
def test_an_example_that_cannot_be_typed_is_noticed(line: str) -> None:
    with pytest.raises(Exception, match=r"nonsense|Missing|parse string"):
        parse(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_code_blocks_can_be_typed(page: Path) -> None:
    for line in block_lines(page):
        if line.startswith("linkage ") and "COMMAND" not in line:
            parse(line)
        if line.startswith("make "):
            targets = re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE)
            assert line.split()[1] in targets, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_sentences_have_the_options_that_they_name(page: Path) -> None:
    for line in re.findall(r"`(linkage [^`\n]+)`", text_of(page)):
        _, *words = line.split()
        command = next((word for word in words if not word.startswith("-")), None)
        assert command in (None, "COMMAND", *COMMANDS), line
        known = GROUP.params + (COMMANDS[command].params if command in COMMANDS else [])
        used = {word for word in words if word.startswith("--")} - {"--help"}
        assert used <= {option for p in known for option in p.opts}, line


def test_the_readme_starts_with_the_two_commands_that_do_everything() -> None:
    lines = list(block_lines(ROOT / "README.md"))
    assert [line.split("#")[0].strip() for line in lines if line.startswith("make ")][:2] == ["make demo", "make test"]


# Exit codes and error texts


def test_every_exit_code_is_documented() -> None:
    text = text_of(ROOT / "docs/commands.md").split("\n## Exit codes\n")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, flags=re.MULTILINE)} == {*map(int, ExitCode), 130}


def raised_texts() -> Iterator[tuple[str, str]]:
    """Place and text of every error that the code makes; … stands for what is filled in."""
    for path in sorted((ROOT / "linkage").rglob("*.py")):
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args:
                for text in _texts(node.args[0]):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.Call):
        return _texts(node.args[0]) if node.args else ["…"]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        texts = [""]
        for part in node.values:
            chosen = isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.IfExp)
            ends = _texts(part.value) if chosen else ["…" if isinstance(part, ast.FormattedValue) else _texts(part)[0]]
            texts = [start + end for start in texts for end in ends]
        return texts
    return ["…"]


def test_every_error_text_is_documented() -> None:
    told = text_of(ROOT / "docs/commands.md").split("\n## Error texts\n")[1]
    found = list(raised_texts())
    assert len(found) > 70
    missing = [
        (place, text) for place, text in found
        if len(re.sub(r"[^a-z]", "", text.lower())) >= WORDS and text not in told
    ]  # fmt: skip
    assert not missing


# What pages point to


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"`((?:linkage|tests|docs|notebooks|\.ci)/[\w./-]+)`", text_of(page))
    named += re.findall(r"`(Makefile|pyproject\.toml|requirements\.lock|LICENSE)`", text_of(page))
    assert not [name for name in named if not (ROOT / name).exists()]


def test_architecture_names_the_stages_and_every_table_that_they_leave() -> None:
    text = text_of(ROOT / "docs/architecture.md")
    told = dict(re.findall(r"^\| (\w+) \|.*\| ([^|]+) \|$", text, flags=re.MULTILINE))
    from linkage import pipeline

    assert [name for name in told if name in pipeline.STAGES] == list(pipeline.STAGES)
    for number, stage in enumerate(pipeline.STAGES[:-1], start=1):
        assert told[stage] == f"`{number}-{stage}`"


def test_the_page_of_templates_names_the_version_of_each_level() -> None:
    rows = re.findall(r"^\| (\w+) \|.*\| `(\w+)-` \|$", text_of(ROOT / "docs/templates.md"), re.MULTILINE)
    assert dict(rows) == VERSIONS
