"""The `fcot train` command."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import torch
from torch import nn

from fcot_engine.config import TrainingConfig
from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model import FcotNet, LiteNet, load_network, network_kind, save_network
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.command_options import (
    add_arguments,
    list_factories,
    read_config,
    read_data,
)
from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.fixed_statistics import measure_fixed_statistics_
from fcot_engine.training.progressive_source import ProgressiveSource
from fcot_engine.training.team import Team, join_team
from fcot_engine.training.tensorboard_log import TensorboardLog
from fcot_engine.training.trainer import Trainer
from fcot_engine.training.training_batch import BatchSource
from fcot_engine.training.training_data import open_sources
from fcot_engine.training.warm_start import start_network

__all__ = ["add_arguments", "choose_device", "run", "show_rows"]

_SHOWN = ("total", "samples_per_s", "spread_coarse", "spread_fine")


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Train as asked for; returns the exit code.

    Needs no more than torch, numpy, safetensors and Pillow.

    Args:
        args: what `add_arguments` declares.
        say: shows a line to whoever waits; called by the first process only.

    Raises:
        FcotError: an option, the data or a file is wrong.
    """
    config, data = read_config(args), read_data(args)
    team, device_name = join_team(args.device)
    if not team.is_first:
        say = _say_nothing
    device = choose_device(device_name)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    sources, what = open_sources(
        data,
        list_factories(config),
        device=device,
        seed=config.seed,
        rank=team.rank,
        workers=args.workers,
        shards=args.shards,
        max_photos=args.max_photos,
    )
    source = sources[0]
    if config.patch_sizes:
        source = _grow_patches(sources, config, team)
    if args.contact_sheet is not None:
        make_contact_sheet(args.contact_sheet, source)
        say(f"Contact sheet: {args.contact_sheet}")
        return 0
    trainer, start = _build_trainer(args, config, source, device, team)
    say(f"{what}, training on {device}, {team.size} process(es); {start}")
    ending = _train(args, trainer, source, say)
    team.leave()
    return 130 if ending == "interrupted" else 0


def _train(
    args: argparse.Namespace,
    trainer: Trainer,
    source: BatchSource,
    say: Callable[[str], None],
) -> str:
    if args.resume:
        found = trainer.resume()
        if isinstance(source, ProgressiveSource):
            progress = trainer.progress
            source.go_on_from(step=progress.step, samples=progress.samples)
        at = f"step {trainer.progress.step}" if found else "the start: no checkpoint"
        say(f"Going on from {at}")
    elif find_checkpoint(args.out) is not None:
        raise TrainingError(
            f"{args.out} already holds a checkpoint. Add --resume to go on from it, "
            "or choose another folder."
        )
    board = None
    if args.tensorboard and trainer.team.is_first:
        folder = args.out / "tensorboard"
        board = TensorboardLog(folder, after_samples=trainer.progress.samples)
    with closing(board) if board else nullcontext():
        ending = trainer.run(show_rows(say, board))
    say(f"Ended by {ending} at step {trainer.progress.step}: {args.out}")
    if args.export is not None and trainer.team.is_first:
        _export(trainer, args.export)
        say(f"Weights: {args.export}")
    return ending


def _say_nothing(line: str) -> None:
    pass


def show_rows(
    say: Callable[[str], None], board: TensorboardLog | None = None
) -> Callable[[Mapping[str, float]], None]:
    """Give what shows a line of the log to people, and to TensorBoard."""

    def show(row: Mapping[str, float]) -> None:
        parts = [f"{name} {row[name]:.4g}" for name in _SHOWN if name in row]
        place = f"step {row['step']:.0f}  samples {row['samples']:.0f}"
        say("  ".join([place, *parts]))
        if board is not None:
            board.add(row)

    return show


def choose_device(name: str) -> torch.device:
    """Find the device of a name, or the best one for "auto".

    Raises:
        ConfigError: it cannot be used.
    """
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
    source: BatchSource,
    device: torch.device,
    team: Team,
) -> tuple[Trainer, str]:
    """The trainer, and a line on where its network starts."""
    # imported here: making a contact sheet needs no objective
    from fcot_engine.training.distillation import Teacher
    from fcot_engine.training.objective import compute_losses

    torch.manual_seed(config.seed)
    network, told = start_network(args.preset, args.init, borrow_from=args.borrow_from)
    network = network.to(device)
    is_new = not args.resume or find_checkpoint(args.out) is None
    fixed = network.backbone.fixed if isinstance(network, LiteNet) else None
    if fixed is not None and is_new and not fixed.has_statistics:
        measure_fixed_statistics_(fixed, source)
    teacher = None
    if args.distill_from is not None:
        taught_by = load_network(args.distill_from).to(device)
        teacher = Teacher(taught_by, iterations=config.losses.iterations)
        told = f"{told}, taught by {args.distill_from.name}"
    if args.channels_last:
        _lay_channels_last_(network)
    if args.compile:
        network.extract = torch.compile(network.extract)  # type: ignore[method-assign]
    trainer = Trainer(
        network,
        source,
        partial(compute_losses, config=config.losses, teacher=teacher),
        config,
        folder=args.out,
        device=device,
        ahead=args.ahead,
        team=team,
    )
    return trainer, told


def _grow_patches(
    sources: Sequence[BatchSource], config: TrainingConfig, team: Team
) -> BatchSource:
    """One source that takes its patches from others in turn."""
    assert config.samples is not None  # the settings make sure of it
    return ProgressiveSource(
        sources,
        [share for _, share in config.patch_sizes],
        samples=config.samples,
        step_samples=config.batch * team.size,
    )


def _lay_channels_last_(network: nn.Module) -> None:
    """Lay the weights of convolutions out so; the maps follow them."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)


def _export(trainer: Trainer, path: Path) -> None:
    network = trainer.load_average()
    if not isinstance(network, FcotNet):
        raise TrainingError("Only the network of this package can be exported.")
    info = {
        "preset": network_kind(network.config),
        "stage": trainer.config.stage,
        "samples": str(trainer.progress.samples),
        "minutes": f"{trainer.progress.minutes:.1f}",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(network, path, info=info)
