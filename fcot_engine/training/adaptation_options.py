"""The options of `fcot train` that adapt weights, and the settings they stand for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from fcot_engine.config import (
    AdaptationConfig,
    CheckConfig,
    FinetuneConfig,
    HarvestConfig,
    TrainingConfig,
)
from fcot_engine.errors import ConfigError
from fcot_engine.tracker import AUTO, default_weights, resolve_preset

__all__ = [
    "GENTLE",
    "HELD_TRUNK",
    "add_adaptation",
    "check_options",
    "find_start",
    "name_preset",
    "read_adaptation_settings",
    "read_finetune_config",
    "read_harvest_config",
]

GENTLE = TrainingConfig(
    minutes=5.0, lr=5e-4, batch=8, warmup_samples=64, ema_decay=0.98
)
"""Few samples: small steps, soon at full speed, and an average of the last fifty."""
HELD_TRUNK = (("backbone.trunk", 0.0),)
"""Factors on the learning rate where a part is pre-trained: a few videos are no reason
to forget ImageNet, and a step costs less."""


def add_adaptation(group: argparse._ArgumentGroup) -> None:
    """Declare the options."""
    add = group.add_argument
    add(
        "--finetune",
        metavar="PROJECT[=VIDEO]",
        nargs="+",
        help="learn from corrected projects (*.fcot), and write the weights only "
        "if a check says that it helped: several projects are held out in turn, which "
        f"takes up to {CheckConfig().max_folds} more trainings of so many --samples or "
        "--minutes; of one project some frames are",
    )
    add(
        "--on-videos",
        type=Path,
        metavar="FOLDER",
        help="learn from videos that nobody annotated: what is tracked forward and "
        "backward alike",
    )
    add(
        "--pull",
        type=float,
        default=AdaptationConfig().pull,
        help="how strongly weights are pulled back to where they began (%(default)g)",
    )
    add(
        "--force",
        action="store_true",
        help="write weights that did not help as well; learn from a few tracks",
    )
    add(
        "--max-clips",
        type=int,
        default=HarvestConfig().max_clips,
        metavar="N",
        help="gather at most so many clips of the videos (%(default)s)",
    )
    add(
        "--gather-minutes",
        type=float,
        metavar="M",
        help="begin no clip later than this; the same command goes on",
    )


def read_adaptation_settings(args: argparse.Namespace) -> AdaptationConfig:
    """How far weights may go.

    Raises:
        ConfigError: a setting is out of range.
    """
    return AdaptationConfig(pull=args.pull)


def read_finetune_config(args: argparse.Namespace) -> FinetuneConfig:
    """How projects are learned from.

    Raises:
        ConfigError: a setting is out of range.
    """
    return FinetuneConfig(adaptation=read_adaptation_settings(args))


def read_harvest_config(args: argparse.Namespace) -> HarvestConfig:
    """How tracks are gathered.

    Raises:
        ConfigError: a setting is out of range.
    """
    return HarvestConfig(max_clips=args.max_clips)


def check_options(args: argparse.Namespace) -> None:
    """Make sure that nothing is asked for that adapting weights does not do.

    Raises:
        ConfigError: two kinds of training at once, an option that has no effect here,
            or several processes.
    """
    asked = {
        "--finetune with --on-videos": args.finetune and args.on_videos is not None,
        "--data": bool(args.data),
        "--contact-sheet": args.contact_sheet is not None,
        "--compile": args.compile,
        "--channels-last": args.channels_last,
        "--tensorboard": args.tensorboard,
        "torchrun": int(os.environ.get("WORLD_SIZE", "1")) > 1,
    }
    given = [name for name, is_given in asked.items() if is_given]
    if given:
        raise ConfigError(
            "Adapting weights takes either --finetune or --on-videos, --photos beside "
            f"it if wanted, and one process; leave out {', '.join(given)}."
        )


def name_preset(args: argparse.Namespace, device: torch.device) -> argparse.Namespace:
    """The same options with a preset: one asked for, that of `--init`, or the device's.

    Raises:
        WeightsError: the file of `--init` cannot be read.
    """
    preset = resolve_preset(args.preset or AUTO, device, weights=args.init)
    return argparse.Namespace(**(vars(args) | {"preset": preset}))


def find_start(args: argparse.Namespace) -> Path:
    """The weights to begin with: `--init`, or those that come with the package.

    Raises:
        WeightsError: the preset's are not installed.
    """
    return default_weights(args.preset) if args.init is None else args.init
