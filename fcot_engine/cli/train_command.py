"""`fcot train`: a network from photos and videos, or trained weights adapted."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fcot_engine.errors import ConfigError, TrainingError

if TYPE_CHECKING:
    import torch

    from fcot_engine.config import TrainingConfig
    from fcot_engine.model import FcotNet
    from fcot_engine.training import BatchSource, Trainer

EXAMPLES = """\
  fcot train --photos photos/ --out runs/first --samples 200000 --export w.safetensors
  fcot train --photos photos/ --out runs/first --samples 200000 --resume
  fcot train --photos photos/ --out runs/look --contact-sheet samples.png
  fcot train --finetune a.fcot b.fcot --out runs/mine --export my.safetensors
  fcot train --on-videos films/ --out runs/films --export films.safetensors"""

_SHOWN = ("total", "samples_per_s", "spread_coarse", "spread_fine")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot train`."""
    from fcot_engine.cli import _train_options

    _train_options.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train as asked for; returns the exit code.

    Raises:
        FcotError: an option, the data or a file is wrong.
    """
    if args.finetune is not None or args.on_videos is not None:
        from fcot_engine.cli import _adapt_weights

        return _adapt_weights.run(args)
    return _train(args)


def _train(args: argparse.Namespace) -> int:
    """Train from photos and videos, in one process or in those of `torchrun`."""
    import torch

    from fcot_engine.cli._train_options import read_config
    from fcot_engine.training import (
        get_rank,
        get_size,
        join_processes,
        leave_processes,
        make_contact_sheet,
    )

    config = read_config(args)
    device = choose_device(join_processes(args.device))
    tell = say if get_rank() == 0 else _say_nothing
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    made_on = torch.device("cpu") if args.workers else device
    source, what = _open_source(args, config, made_on)
    if args.contact_sheet is not None:
        make_contact_sheet(args.contact_sheet, source)
        tell(f"{what}: {args.contact_sheet}")
        return 0
    trainer, start = _build_trainer(args, config, source, device)
    tell(f"{what}, training on {device}, {get_size()} process(es); {start}")
    _resume(args, trainer, source, tell)
    ending = trainer.run(partial(show_row, tell))
    tell(f"Ended by {ending} at step {trainer.progress.step}: {args.out}")
    if args.export is not None and get_rank() == 0:
        _export(trainer, args)
        tell(f"Weights: {args.export}")
    leave_processes()
    return 130 if ending == "interrupted" else 0


def _open_source(
    args: argparse.Namespace, config: TrainingConfig, device: torch.device
) -> tuple[BatchSource, str]:
    """The source of batches, and a line about what was read."""
    from dataclasses import replace

    from fcot_engine.training import (
        DataPart,
        ProgressiveSource,
        get_rank,
        get_size,
        open_sources,
    )

    data = [] if args.photos is None else [DataPart.parse_photos(args.photos)]
    data += [DataPart.parse_videos(text) for text in args.data]
    if not data:
        raise ConfigError(
            "Training needs data: give --photos FOLDER, --data KIND:FOLDER or both."
        )
    sides = [side for side, _ in config.patch_sizes] or [config.factory.patch_size]
    sources, what = open_sources(
        data,
        [replace(config.factory, patch_size=side) for side in sides],
        device=device,
        seed=config.seed,
        rank=get_rank(),
        max_photos=args.max_photos,
    )
    if not config.patch_sizes:
        return sources[0], what
    growing = ProgressiveSource(
        sources,
        [share for _, share in config.patch_sizes],
        samples=config.samples,
        step_samples=config.batch * get_size(),
    )
    return growing, what


def _build_trainer(
    args: argparse.Namespace,
    config: TrainingConfig,
    source: BatchSource,
    device: torch.device,
) -> tuple[Trainer, str]:
    """The trainer, and a line on where its network starts."""
    import torch

    from fcot_engine.model import load_network
    from fcot_engine.training import (
        Teacher,
        Trainer,
        compute_losses,
        find_checkpoint,
        start_network,
    )

    torch.manual_seed(config.seed)
    network, told = start_network(args.preset, args.init, borrow_from=args.borrow_from)
    if not args.resume or find_checkpoint(args.out) is None:
        _normalise_fixed_features(network, source)
    teacher = None
    if args.distill_from is not None:
        taught_by = load_network(args.distill_from).to(device)
        teacher = Teacher(taught_by, iterations=config.losses.iterations)
        told = f"{told}, taught by {args.distill_from.name}"
    if args.channels_last:
        for module in network.modules():  # other layers have tensors of other ranks
            if isinstance(module, torch.nn.Conv2d):
                module.to(memory_format=torch.channels_last)
    trainer = Trainer(
        network,
        source,
        partial(compute_losses, config=config.losses, teacher=teacher),
        config,
        folder=args.out,
        device=device,
        workers=args.workers,
        tensorboard=args.tensorboard,
    )
    if args.compile:  # after the trainer has copied the network for its average
        network.extract = torch.compile(network.extract)  # type: ignore[method-assign]
    return trainer, told


def _normalise_fixed_features(network: FcotNet, source: BatchSource) -> None:
    from fcot_engine.model import LiteNet
    from fcot_engine.training import measure_fixed_statistics_

    fixed = network.backbone.fixed if isinstance(network, LiteNet) else None
    if fixed is not None and not fixed.has_statistics:
        measure_fixed_statistics_(fixed, source)


def _resume(
    args: argparse.Namespace,
    trainer: Trainer,
    source: BatchSource,
    tell: Callable[[str], None],
) -> None:
    from fcot_engine.training import ProgressiveSource, find_checkpoint

    if not args.resume:
        if find_checkpoint(args.out) is not None:
            raise used_folder(args)
        return
    found, progress = trainer.resume(), trainer.progress
    if isinstance(source, ProgressiveSource):
        source.go_on_from(step=progress.step, samples=progress.samples)
    at = f"step {progress.step}" if found else "the start: no checkpoint"
    tell(f"Going on from {at}")


def _export(trainer: Trainer, args: argparse.Namespace) -> None:
    from fcot_engine.model import FcotNet, network_kind, save_network

    network = trainer.load_average()
    assert isinstance(network, FcotNet)
    info = {
        "preset": network_kind(network.config),
        "stage": trainer.config.stage,
        "samples": str(trainer.progress.samples),
        "minutes": f"{trainer.progress.minutes:.1f}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(network, args.export, info=info)


def used_folder(args: argparse.Namespace) -> TrainingError:
    """The error that spares an earlier run."""
    return TrainingError(
        f"{args.out} already holds a checkpoint. Add --resume to go on from it, or "
        "choose another folder."
    )


def choose_device(name: str) -> torch.device:
    """Find the device of a name, or the best one for "auto".

    Raises:
        ConfigError: it cannot be used.
    """
    import torch

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


def show_row(tell: Callable[[str], None], row: Mapping[str, float]) -> None:
    """Tell people a line of the log."""
    parts = [f"{name} {row[name]:.4g}" for name in _SHOWN if name in row]
    at = f"step {row['step']:.0f}  samples {row['samples']:.0f}"
    tell("  ".join([at, *parts]))


def say(line: str) -> None:
    """Show a line to whoever waits."""
    print(line, file=sys.stderr, flush=True)


def _say_nothing(line: str) -> None:
    pass
