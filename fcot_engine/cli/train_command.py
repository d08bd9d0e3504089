"""`fcot train`: the options and the work are in `fcot_engine.training`."""

from __future__ import annotations

import argparse
import sys

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot train --photos photos/ --out runs/first --minutes 120 --export lite.safetensors
  fcot train --photos photos/ --out runs/first --minutes 9 --resume
  fcot train --photos photos/ --out runs/look --contact-sheet samples.png
  fcot train --finetune a.fcot b.fcot --out runs/mine --export my.safetensors
  fcot train --on-videos films/ --out runs/films --export films.safetensors"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    from fcot_engine.training import command

    command.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code."""
    if args.finetune is not None:
        from fcot_engine.cli import finetune_command

        return finetune_command.run(args, _say)
    if args.on_videos is not None:
        from fcot_engine.cli import self_training_command

        return self_training_command.run(args, _say)
    from fcot_engine.training import command

    return command.run(args, _say)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
