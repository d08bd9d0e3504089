"""The options of `fcot train`, and the settings they stand for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

from fcot_engine.config.presets import PRESETS
from fcot_engine.config.training import (
    PAPER_LOSSES,
    FactoryConfig,
    LossConfig,
    Schedule,
    TrainingConfig,
)
from fcot_engine.errors import ConfigError
from fcot_engine.training.data_options import DataOption, parse_data, parse_photos

__all__ = ["add_arguments", "read_config", "read_data"]

_DEFAULT = TrainingConfig(samples=1)
_LOSSES = {"lite": LossConfig(), "paper": PAPER_LOSSES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    _add_data(parser.add_argument_group("data"))
    _add_recipe(parser.add_argument_group("recipe"))
    _add_machine(parser.add_argument_group("machine"))
    _add_run(parser.add_argument_group("run"))


def read_data(args: argparse.Namespace) -> list[DataOption]:
    """The parts of the training data that were asked for.

    Raises:
        ConfigError: there is none, or one is written wrongly.
    """
    photos = [] if args.photos is None else [parse_photos(args.photos)]
    data = photos + [parse_data(text) for text in args.data]
    if not data:
        raise ConfigError(
            "Training needs data: give --photos FOLDER, --data KIND:FOLDER or both."
        )
    return data


def read_config(args: argparse.Namespace) -> TrainingConfig:
    """The settings that the options stand for.

    Raises:
        ConfigError: a setting is out of range, or no end is given.
    """
    factory = FactoryConfig(
        patch_size=args.patch_size, n_train=args.train_frames, n_test=args.test_frames
    )
    only_looks = args.contact_sheet is not None or args.measure_speed is not None
    endless = args.samples is None and args.minutes is None
    losses = args.losses or ("paper" if args.preset.startswith("paper") else "lite")
    return replace(
        _DEFAULT,
        factory=factory,
        losses=_LOSSES[losses],
        stage=args.stage,
        samples=1 if only_looks and endless else args.samples,
        minutes=args.minutes,
        batch=args.batch,
        lr=args.lr,
        schedule=args.schedule,
        lr_factors=tuple(_parse_factor(text) for text in args.lr_factor),
        seed=args.seed,
    )


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--photos",
        metavar="FOLDER[=WEIGHT]",
        help="photos-*.tar or images to compose sequences from",
    )
    add(
        "--data",
        metavar="KIND:FOLDER[=WEIGHT]",
        action="append",
        default=[],
        help="got10k, lasot, trackingnet or coco; may be given several times",
    )
    add("--shards", type=int, help="read only so many of the photo shards")
    add("--max-photos", type=int, help="read only so many photos")


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add, factory = group.add_argument, _DEFAULT.factory
    add("--preset", choices=tuple(PRESETS), default="lite", help="size of the network")
    add("--stage", choices=("one", "two"), default=_DEFAULT.stage)
    add("--samples", type=int, help="end after so many sequences, over all legs")
    add("--minutes", type=float, help="end this leg after so many minutes")
    add("--batch", type=int, default=_DEFAULT.batch, help="sequences in a step")
    add("--patch-size", type=int, default=factory.patch_size, metavar="PX")
    add("--train-frames", type=int, default=factory.n_train, metavar="N")
    add("--test-frames", type=int, default=factory.n_test, metavar="N")
    add("--losses", choices=tuple(_LOSSES), help="weights of the losses: the preset's")
    add("--lr", type=float, default=_DEFAULT.lr, help="peak learning rate")
    add("--schedule", choices=get_args(Schedule), default=_DEFAULT.schedule)
    add(
        "--lr-factor",
        metavar="NAME=FACTOR",
        action="append",
        default=[],
        help="factor on the learning rate of a module, such as backbone=0.1",
    )
    add("--seed", type=int, default=_DEFAULT.seed)


def _add_machine(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--threads", type=int, help="CPU threads of the network")
    add("--ahead", type=int, default=0, help="batches made ahead by a thread")
    add("--workers", type=int, default=0, help="threads that decode video frames")
    add("--compile", action="store_true", help="compile the network (torch.compile)")
    add("--channels-last", action="store_true", help="lay maps out channels last")


def _add_run(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--out", type=Path, required=True, help="run folder: checkpoints, log, plot")
    add("--resume", action="store_true", help="go on from the newest checkpoint")
    add("--init", type=Path, metavar="WEIGHTS", help="start from a weights file")
    add("--export", type=Path, metavar="FILE", help="write the averaged weights there")
    add("--tensorboard", action="store_true", help="log for TensorBoard as well")
    add("--contact-sheet", type=Path, metavar="PNG", help="draw 64 samples, and end")
    add(
        "--measure-speed",
        type=float,
        metavar="SECONDS",
        help="time making batches alone, and end",
    )


def _parse_factor(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name, float(number)
    except ValueError:
        raise ConfigError(
            f"--lr-factor must be NAME=FACTOR, such as backbone=0.1; got {text!r}."
        ) from None
