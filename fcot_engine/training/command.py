"""The `fcot train` command."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import torch
from torch import nn

from fcot_engine.config.presets import find_preset
from fcot_engine.config.training import TrainingConfig
from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.model.network import FcotNet
from fcot_engine.model.network_building import build_network
from fcot_engine.model.weights import load_network, save_network
from fcot_engine.tracker.memory_reuse import keep_freed_memory
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.command_options import add_arguments, read_config, read_data
from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.fixed_statistics import measure_fixed_statistics_
from fcot_engine.training.making_speed import measure_making_speed
from fcot_engine.training.team import Team, join_team
from fcot_engine.training.tensorboard_log import TensorboardLog
from fcot_engine.training.trainer import Trainer
from fcot_engine.training.training_batch import BatchSource
from fcot_engine.training.training_data import open_source

__all__ = ["add_arguments", "run"]

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
    device = _choose_device(device_name)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    source, what = open_source(
        data,
        config.factory,
        device=device,
        seed=config.seed,
        rank=team.rank,
        workers=args.workers,
        shards=args.shards,
        max_photos=args.max_photos,
    )
    keep_freed_memory()  # makes batches of 288 px twice as fast on a CPU
    if args.contact_sheet is not None:
        make_contact_sheet(args.contact_sheet, source)
        say(f"Contact sheet: {args.contact_sheet}")
        return 0
    if args.measure_speed is not None:
        speed = measure_making_speed(
            source, size=config.batch, seconds=args.measure_speed, device=device
        )
        say(f"{what}: {speed:.1f} sequences/s on {device}")
        return 0
    trainer = _build_trainer(args, config, source, device, team)
    say(f"{what}, training on {device}, {team.size} process(es)")
    ending = _train(args, trainer, say)
    team.leave()
    return 130 if ending == "interrupted" else 0


def _train(
    args: argparse.Namespace, trainer: Trainer, say: Callable[[str], None]
) -> str:
    if args.resume:
        found = trainer.resume()
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
        ending = trainer.run(_show_rows(say, board))
    say(f"Ended by {ending} at step {trainer.progress.step}: {args.out}")
    if args.export is not None and trainer.team.is_first:
        _export(trainer, args.export, args.preset)
        say(f"Weights: {args.export}")
    return ending


def _say_nothing(line: str) -> None:
    pass


def _show_rows(
    say: Callable[[str], None], board: TensorboardLog | None
) -> Callable[[Mapping[str, float]], None]:
    def show(row: Mapping[str, float]) -> None:
        parts = [f"{name} {row[name]:.4g}" for name in _SHOWN if name in row]
        place = f"step {row['step']:.0f}  samples {row['samples']:.0f}"
        say("  ".join([place, *parts]))
        if board is not None:
            board.add(row)

    return show


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
    source: BatchSource,
    device: torch.device,
    team: Team,
) -> Trainer:
    # imported here: making a contact sheet needs no objective
    from fcot_engine.training.objective import compute_losses

    torch.manual_seed(config.seed)
    if args.init is None:
        network = build_network(find_preset(args.preset).network).to(device)
        is_new = not args.resume or find_checkpoint(args.out) is None
        fixed = network.backbone.fixed if isinstance(network, LiteNet) else None
        if fixed is not None and is_new:
            measure_fixed_statistics_(fixed, source)
    else:
        network = load_network(args.init)
    if args.channels_last:
        _lay_channels_last_(network)
    if args.compile:
        network.extract = torch.compile(network.extract)  # type: ignore[method-assign]
    return Trainer(
        network,
        source,
        partial(compute_losses, config=config.losses),
        config,
        folder=args.out,
        device=device,
        ahead=args.ahead,
        team=team,
    )


def _lay_channels_last_(network: nn.Module) -> None:
    """Lay the weights of convolutions out so; the maps follow them."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


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
