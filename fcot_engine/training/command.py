"""The `fcot train` command."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from fcot_engine.config.presets import PRESETS, find_preset
from fcot_engine.config.training import FactoryConfig, TrainingConfig
from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.model.network import FcotNet
from fcot_engine.model.network_building import build_network
from fcot_engine.model.weights import load_network, save_network
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.fixed_statistics import measure_fixed_statistics_
from fcot_engine.training.photo_pool import load_photo_pool
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.trainer import Trainer

__all__ = ["add_arguments", "run"]

_DEFAULT = TrainingConfig(samples=1)
_SHOWN = ("total", "samples_per_s", "spread_coarse", "spread_fine")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of photos-*.tar or images")
    add("--out", type=Path, required=True, help="run folder: checkpoints, log, plot")
    add("--preset", choices=tuple(PRESETS), default="lite", help="size of the network")
    add("--stage", choices=("one", "two"), default=_DEFAULT.stage)
    add("--samples", type=int, help="end after so many sequences, over all legs")
    add("--minutes", type=float, help="end this leg after so many minutes")
    add("--batch", type=int, default=_DEFAULT.batch, help="sequences in a step")
    add("--patch-size", type=int, default=_DEFAULT.factory.patch_size, metavar="PX")
    add("--train-frames", type=int, default=_DEFAULT.factory.n_train, metavar="N")
    add("--test-frames", type=int, default=_DEFAULT.factory.n_test, metavar="N")
    add("--lr", type=float, default=_DEFAULT.lr, help="peak learning rate")
    add("--seed", type=int, default=_DEFAULT.seed)
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    add("--threads", type=int, help="CPU threads of the network")
    add("--ahead", type=int, default=0, help="batches made ahead by a thread")
    add("--shards", type=int, help="read only so many of the photo shards")
    add("--max-photos", type=int, help="read only so many photos")
    add("--resume", action="store_true", help="go on from the newest checkpoint")
    add("--init", type=Path, metavar="WEIGHTS", help="start from a weights file")
    add("--export", type=Path, metavar="FILE", help="write the averaged weights there")
    add("--contact-sheet", type=Path, metavar="PNG", help="draw 64 samples, and end")


def run(args: argparse.Namespace) -> int:
    """Train as asked for; returns the exit code.

    Raises:
        FcotError: an option, the data or a file is wrong.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    config = _read_config(args)
    device = _choose_device(args.device)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    with console.status("Reading photos"):
        pool = load_photo_pool(
            args.photos, shards=args.shards, max_photos=args.max_photos
        )
    factory = SampleFactory(pool, config.factory, device=device, seed=config.seed)
    if args.contact_sheet is not None:
        make_contact_sheet(args.contact_sheet, factory)
        console.print(f"Contact sheet: {args.contact_sheet}")
        return 0
    trainer = _build_trainer(args, config, factory, device)
    if args.resume:
        found = trainer.resume()
        at = f"step {trainer.progress.step}" if found else "the start: no checkpoint"
        console.print(f"Going on from {at}")
    elif find_checkpoint(args.out) is not None:
        raise TrainingError(
            f"{args.out} already holds a checkpoint. Add --resume to go on from it, "
            "or choose another folder."
        )
    console.print(f"{len(pool)} photos, training on {device}")
    ending = trainer.run(lambda row: console.print(_summarise(row)))
    console.print(f"Ended by {ending} at step {trainer.progress.step}: {args.out}")
    if args.export is not None:
        _export(trainer, args.export, args.preset)
        console.print(f"Weights: {args.export}")
    return 130 if ending == "interrupted" else 0


def _read_config(args: argparse.Namespace) -> TrainingConfig:
    factory = FactoryConfig(
        patch_size=args.patch_size, n_train=args.train_frames, n_test=args.test_frames
    )
    only_sheet = args.contact_sheet is not None and args.minutes is None
    return replace(
        _DEFAULT,
        factory=factory,
        stage=args.stage,
        samples=1 if only_sheet and args.samples is None else args.samples,
        minutes=args.minutes,
        batch=args.batch,
        lr=args.lr,
        seed=args.seed,
    )


def _choose_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"Device {name!r} cannot be used: {error}. Use auto, cpu, cuda or mps."
        ) from error
    return device


def _build_trainer(
    args: argparse.Namespace,
    config: TrainingConfig,
    factory: SampleFactory,
    device: torch.device,
) -> Trainer:
    # imported here: making a contact sheet needs no objective
    from fcot_engine.training.objective import compute_losses

    torch.manual_seed(config.seed)
    if args.init is None:
        network = build_network(find_preset(args.preset).network).to(device)
        is_new = not args.resume or find_checkpoint(args.out) is None
        fixed = network.backbone.fixed if isinstance(network, LiteNet) else None
        if fixed is not None and is_new:
            measure_fixed_statistics_(fixed, factory)
    else:
        network = load_network(args.init)
    return Trainer(
        network,
        factory,
        compute_losses,
        config,
        folder=args.out,
        device=device,
        ahead=args.ahead,
    )


def _summarise(row: Mapping[str, float]) -> str:
    parts = [f"{name} {row[name]:.4g}" for name in _SHOWN if name in row]
    return f"step {row['step']:.0f}  samples {row['samples']:.0f}  " + "  ".join(parts)


def _export(trainer: Trainer, path: Path, preset: str) -> None:
    network = trainer.load_average()
    if not isinstance(network, FcotNet):
        raise TrainingError("Only the network of this package can be exported.")
    info = {
        "preset": preset,
        "stage": trainer.config.stage,
        "samples": str(trainer.progress.samples),
        "minutes": f"{trainer.progress.minutes:.1f}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(network, path, info=info)
