"""The options of `fcot train`, and the settings they stand for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

from fcot_engine.config import (
    PAPER_LOSSES,
    PRESETS,
    FactoryConfig,
    LossConfig,
    Schedule,
    TrainingConfig,
)
from fcot_engine.errors import ConfigError
from fcot_engine.training.adaptation_options import GENTLE, HELD_TRUNK, add_adaptation
from fcot_engine.training.data_options import DataOption, parse_data, parse_photos

__all__ = [
    "add_arguments",
    "list_factories",
    "read_adaptation_config",
    "read_config",
    "read_data",
]

_DEFAULT = TrainingConfig(samples=1)
_LOSSES = {"lite": LossConfig(), "paper": PAPER_LOSSES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    _add_data(parser.add_argument_group("data"))
    add_adaptation(parser.add_argument_group("adapting trained weights"))
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
    only_looks = args.contact_sheet is not None
    endless = args.samples is None and args.minutes is None
    losses = args.losses or ("paper" if args.preset == "paper" else "lite")
    loss = _LOSSES[losses]
    if args.distill_weight is not None:
        loss = replace(loss, distilled=args.distill_weight)
    return replace(
        _DEFAULT,
        factory=factory,
        patch_sizes=() if only_looks else _parse_sizes(args.patch_sizes),
        losses=loss,
        stage=args.stage,
        samples=1 if only_looks and endless else args.samples,
        minutes=args.minutes,
        batch=_DEFAULT.batch if args.batch is None else args.batch,
        lr=_DEFAULT.lr if args.lr is None else args.lr,
        schedule=args.schedule,
        lr_factors=tuple(_parse_factor(text) for text in args.lr_factor),
        seed=args.seed,
    )


def read_adaptation_config(args: argparse.Namespace) -> TrainingConfig:
    """The same for weights that are trained further: by default gentle, and short.

    Raises:
        ConfigError: a setting is out of range.
    """
    wanted = {name: getattr(args, name) for name in ("lr", "batch", "minutes")}
    if args.samples is None and args.minutes is None:
        wanted["minutes"] = GENTLE.minutes
    for name in ("lr", "batch"):
        if wanted[name] is None:
            wanted[name] = getattr(GENTLE, name)
    config = read_config(argparse.Namespace(**(vars(args) | wanted)))
    if args.preset == "base" and not args.lr_factor:
        config = replace(config, lr_factors=HELD_TRUNK)
    return replace(
        config, warmup_samples=GENTLE.warmup_samples, ema_decay=GENTLE.ema_decay
    )


def list_factories(config: TrainingConfig) -> list[FactoryConfig]:
    """What is made in the course of the run: one entry for each patch size."""
    if not config.patch_sizes:
        return [config.factory]
    return [replace(config.factory, patch_size=side) for side, _ in config.patch_sizes]


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
    add(
        "--preset",
        choices=tuple(PRESETS),
        help="size of the network: that of --init, or lite; adapting weights, what "
        "this device tracks with",
    )
    add("--stage", choices=("one", "two"), default=_DEFAULT.stage)
    add("--samples", type=int, help="end after so many sequences, over all legs")
    add("--minutes", type=float, help="end this leg after so many minutes")
    add("--batch", type=int, help=f"sequences in a step ({_DEFAULT.batch})")
    add("--patch-size", type=int, default=factory.patch_size, metavar="PX")
    add(
        "--patch-sizes",
        metavar="PX:SHARE,...",
        help="sizes in the course of the run, such as 160:0.5,224:0.3,288:0.2",
    )
    add("--train-frames", type=int, default=factory.n_train, metavar="N")
    add("--test-frames", type=int, default=factory.n_test, metavar="N")
    add("--losses", choices=tuple(_LOSSES), help="weights of the losses: the preset's")
    add(
        "--distill-from",
        type=Path,
        metavar="WEIGHTS",
        help="also learn the score maps of a trained network",
    )
    add(
        "--distill-weight",
        type=float,
        metavar="X",
        help=f"weight of that loss ({LossConfig().distilled:g})",
    )
    add("--lr", type=float, help=f"peak learning rate ({_DEFAULT.lr:g})")
    add("--schedule", choices=get_args(Schedule), default=_DEFAULT.schedule)
    add(
        "--lr-factor",
        metavar="NAME=FACTOR",
        action="append",
        default=[],
        help="factor on the learning rate of a module, such as backbone=0.1; 0 freezes",
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
    add(
        "--init",
        type=Path,
        metavar="WEIGHTS",
        help="start from a weights file, or base from what fits of lite",
    )
    add(
        "--borrow-from",
        type=Path,
        metavar="WEIGHTS",
        help="after --init, take from these what both networks have",
    )
    add("--export", type=Path, metavar="FILE", help="write the averaged weights there")
    add("--tensorboard", action="store_true", help="log for TensorBoard as well")
    add("--contact-sheet", type=Path, metavar="PNG", help="draw 64 samples, and end")


def _parse_factor(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        return name, float(number)
    except ValueError:
        raise ConfigError(
            f"--lr-factor must be NAME=FACTOR, such as backbone=0.1; got {text!r}."
        ) from None


def _parse_sizes(text: str | None) -> tuple[tuple[int, float], ...]:
    if text is None:
        return ()
    try:
        parts = [part.split(":") for part in text.split(",")]
        return tuple((int(side), float(share)) for side, share in parts)
    except ValueError:
        raise ConfigError(
            "--patch-sizes must be sizes with shares, such as "
            f"160:0.5,224:0.3,288:0.2; got {text!r}."
        ) from None
