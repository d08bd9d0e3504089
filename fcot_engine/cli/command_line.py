"""The table of commands, and what happens around each of them.

Exit codes: 0 done, 1 an error with one line about it on stderr, 2 wrong usage, 130
interrupted. What is asked for goes to stdout, all else to stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fcot_engine.cli import (
    calibrate_command,
    demo_command,
    eval_command,
    export_command,
    import_command,
    info_command,
    track_command,
    train_command,
    weights_command,
)
from fcot_engine.errors import FcotError

__all__ = ["COMMANDS", "Command", "main"]

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Command:
    """One entry of the table."""

    name: str
    summary: str
    """One line for `fcot --help`."""
    examples: str
    """Shown below the options."""
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Does the work and returns the exit code."""


COMMANDS = (
    Command(
        "track",
        "follow an object through a video, from one box",
        track_command.EXAMPLES,
        track_command.add_arguments,
        track_command.run,
    ),
    Command(
        "demo",
        "see it at work, on the sample or on your own video",
        demo_command.EXAMPLES,
        demo_command.add_arguments,
        demo_command.run,
    ),
    Command(
        "export",
        "write the boxes of a project for other programs",
        export_command.EXAMPLES,
        export_command.add_arguments,
        export_command.run,
    ),
    Command(
        "import",
        "bring boxes from other programs into a project",
        import_command.EXAMPLES,
        import_command.add_arguments,
        import_command.run,
    ),
    Command(
        "eval",
        "measure the tracker on sequences with ground truth",
        eval_command.EXAMPLES,
        eval_command.add_arguments,
        eval_command.run,
    ),
    Command(
        "calibrate",
        "make the score a probability, from records of `fcot eval`",
        calibrate_command.EXAMPLES,
        calibrate_command.add_arguments,
        calibrate_command.run,
    ),
    Command(
        "train",
        "train a network from still photos",
        train_command.EXAMPLES,
        train_command.add_arguments,
        train_command.run,
    ),
    Command(
        "weights",
        "list, get, import, show and verify weights",
        weights_command.EXAMPLES,
        weights_command.add_arguments,
        weights_command.run,
    ),
    Command(
        "info",
        "show versions, devices, presets and weights",
        info_command.EXAMPLES,
        info_command.add_arguments,
        info_command.run,
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; `argv` without the program's name, `sys.argv` when None.

    Returns:
        The exit code.

    Raises:
        SystemExit: after `--help` (0), `--version` (0) and wrong usage (2).
    """
    words = _join_box(sys.argv[1:] if argv is None else argv)
    args = _build_parser(words).parse_args(words)
    command: Command = args.command
    try:
        return command.run(args)
    except FcotError as error:
        line = " ".join(str(error).split())
        print(f"fcot {command.name}: {line}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"fcot {command.name}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _build_parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; only the command asked for declares its options."""
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
            epilog=f"examples:\n{command.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name in words:
            command.add_arguments(part)
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
