"""The options of `fcot train`, and the settings they stand for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

from fcot_engine.config import (
    PAPER_LOSSES,
    PRESETS,
    AdaptationConfig,
    CheckConfig,
    FactoryConfig,
    HarvestConfig,
    LossConfig,
    Schedule,
    TrainingConfig,
)
from fcot_engine.errors import ConfigError

_DEFAULT = TrainingConfig(samples=1)
_GENTLE = TrainingConfig(
    samples=600, lr=5e-4, batch=8, warmup_samples=64, ema_decay=0.98
)
"""Few samples: small steps, soon at full speed, and an average of the last fifty."""
_HELD_TRUNK = (("backbone.trunk", 0.0),)
"""Factors on the learning rate where a part is pre-trained: a few videos are no reason
to forget ImageNet, and a step costs less."""
_LOSSES = {"lite": LossConfig(), "paper": PAPER_LOSSES}


def read_config(args: argparse.Namespace) -> TrainingConfig:
    """How a network is trained from photos and videos.

    Raises:
        ConfigError: a setting is out of range, or no end is given.
    """
    if args.samples is None and args.contact_sheet is None:
        raise ConfigError("Training needs an end: give --samples N.")
    return _read(args, _DEFAULT)


def read_adaptation_config(args: argparse.Namespace) -> TrainingConfig:
    """How trained weights are trained further: by default gently, and not for long.

    Raises:
        ConfigError: a setting is out of range.
    """
    config = _read(args, _GENTLE)
    if args.preset == "base" and not args.lr_factor:
        config = replace(config, lr_factors=_HELD_TRUNK)
    return config


def _read(args: argparse.Namespace, default: TrainingConfig) -> TrainingConfig:
    factory = FactoryConfig(
        patch_size=args.patch_size, n_train=args.train_frames, n_test=args.test_frames
    )
    losses = _LOSSES[args.losses or ("paper" if args.preset == "paper" else "lite")]
    if args.distill_weight is not None:
        losses = replace(losses, distilled=args.distill_weight)
    given = {name: getattr(args, name) for name in ("samples", "batch", "lr")}
    return replace(
        default,
        factory=factory,
        losses=losses,
        stage=args.stage,
        schedule=args.schedule,
        patch_sizes=_parse_sizes(args.patch_sizes),
        lr_factors=tuple(_parse_factor(text) for text in args.lr_factor),
        seed=args.seed,
        **{name: value for name, value in given.items() if value is not None},
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    _add_data(parser.add_argument_group("data"))
    _add_adaptation(parser.add_argument_group("adapting trained weights"))
    _add_run(parser.add_argument_group("run"))
    _add_recipe(parser.add_argument_group("recipe"))
    _add_machine(parser.add_argument_group("machine"))


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
    add("--max-photos", type=int, metavar="N", help="read only so many photos")


def _add_adaptation(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--finetune",
        metavar="PROJECT[=VIDEO]",
        nargs="+",
        help="learn from corrected projects, and write the weights only if a check "
        "says that it helped: several projects are held out in turn, which takes up "
        f"to {CheckConfig().max_folds} more trainings of so many --samples; of one "
        "project some frames are",
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
        metavar="X",
        help="how strongly weights are pulled back to where they began (%(default)g)",
    )
    add(
        "--max-clips",
        type=int,
        default=HarvestConfig().max_clips,
        metavar="N",
        help="gather at most so many clips of the videos (%(default)s)",
    )
    add(
        "--force",
        action="store_true",
        help="write weights that did not help as well; learn from a few tracks",
    )


def _add_run(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--out", type=Path, required=True, help="run folder: checkpoint, log, plot")
    add(
        "--samples",
        type=int,
        metavar="N",
        help=f"sequences of the whole run ({_GENTLE.samples} to adapt weights)",
    )
    add("--resume", action="store_true", help="go on from the checkpoint of --out")
    add("--export", type=Path, metavar="FILE", help="write the averaged weights there")
    add("--tensorboard", action="store_true", help="log for TensorBoard as well")
    add("--contact-sheet", type=Path, metavar="PNG", help="draw 64 samples, and end")


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    add, factory = group.add_argument, _DEFAULT.factory
    add(
        "--preset",
        choices=tuple(PRESETS),
        help="size of the network: that of --init, or lite; adapting weights, what "
        "this device tracks with",
    )
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
    add("--stage", choices=("one", "two"), default=_DEFAULT.stage)
    add(
        "--batch",
        type=int,
        metavar="N",
        help=f"sequences in a step ({_DEFAULT.batch}; {_GENTLE.batch} to adapt)",
    )
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
    add(
        "--lr",
        type=float,
        metavar="X",
        help=f"peak learning rate ({_DEFAULT.lr:g}; {_GENTLE.lr:g} to adapt)",
    )
    add("--schedule", choices=get_args(Schedule), default=_DEFAULT.schedule)
    add(
        "--lr-factor",
        metavar="NAME=FACTOR",
        action="append",
        default=[],
        help="factor on the learning rate of a module, such as backbone=0.1; 0 freezes",
    )
    add("--seed", type=int, default=_DEFAULT.seed, metavar="N")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--threads", type=int, metavar="N", help="CPU threads of the network")
    add(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes that make batches ahead on the CPU; without, they are made on "
        "--device when they are needed",
    )
    add("--compile", action="store_true", help="compile the network (torch.compile)")
    add("--channels-last", action="store_true", help="lay maps out channels last")


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
