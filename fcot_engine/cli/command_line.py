"""The table of commands, and what happens around each of them.

Exit codes: 0 done, 1 an error with one line about it on stderr, 2 wrong usage, 130
interrupted. What is asked for goes to stdout, all else to stderr.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from fcot_engine.cli._process_tuning import tune_process
from fcot_engine.errors import FcotError

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class CommandModule(Protocol):
    """What the module of a command has."""

    EXAMPLES: str
    """Shown below the options."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the work and return the exit code."""


@dataclass(frozen=True)
class Command:
    """One entry of the table."""

    name: str
    summary: str
    """One line for `fcot --help`."""

    def load(self) -> CommandModule:
        """Import the module of the command, `fcot_engine.cli.NAME_command`."""
        module = importlib.import_module(f"fcot_engine.cli.{self.name}_command")
        return cast(CommandModule, module)


COMMANDS = (
    Command("track", "follow an object through a video, from one box"),
    Command("demo", "see it at work, on the sample or on your own video"),
    Command("export", "write the boxes of a project for other programs"),
    Command("import", "bring boxes from other programs into a project"),
    Command("eval", "measure the tracker on sequences with ground truth"),
    Command("bench", "measure how fast tracking is on this machine"),
    Command("calibrate", "make the score a probability, from records of `fcot eval`"),
    Command("train", "train a network from still photos"),
    Command("weights", "list, get, import, show and verify weights"),
    Command("info", "show versions, devices, presets and weights"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` without the program's name, `sys.argv` when None.

    Returns:
        The exit code.

    Raises:
        SystemExit: after `--help` (0), `--version` (0) and wrong usage (2).
    """
    tune_process()
    words = _join_box(sys.argv[1:] if argv is None else argv)
    args = _build_parser(words).parse_args(words)
    command: Command = args.command
    try:
        return command.load().run(args)
    except FcotError as error:
        line = " ".join(str(error).split())
        print(f"fcot {command.name}: {line}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"fcot {command.name}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; only the command asked for is imported."""
    parser = argparse.ArgumentParser(
        prog="fcot",
        description="Follow an object through a video with a box.",
        epilog="`fcot COMMAND --help` shows the options and examples of a command.",
    )
    parser.add_argument("--version", action=_PrintVersion)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        part = commands.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary.capitalize()}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name in words:
            module = command.load()
            module.add_arguments(part)
            part.epilog = f"examples:\n{module.EXAMPLES}"
        part.set_defaults(command=command)
    return parser


class _PrintVersion(argparse.Action):
    """`--version`, which asks for the version only when it is needed."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from fcot_engine.cli.info_command import read_version

        print(f"fcot {read_version('napari-fcot')}")
        parser.exit()


def _join_box(words: Sequence[str]) -> list[str]:
    """Write `--box -5,0,9,9` as one word: argparse takes `-5,...` for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--box":
            joined[-1] = f"--box={word}"
        else:
            joined.append(word)
    return joined
