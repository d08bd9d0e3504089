"""`fcot train --on-videos`: learns from video that nobody annotated."""

from __future__ import annotations

import argparse
import datetime
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.errors import TrainingError

if TYPE_CHECKING:
    import torch

    from fcot_engine.model import FcotNet
    from fcot_engine.training import Harvest

__all__ = ["run"]


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Gather tracks, learn from them, and write weights; returns the exit code.

    Args:
        args: the options of `fcot train`.
        say: shows a line to whoever waits.

    Raises:
        FcotError: the videos, an option or a file is wrong.
    """
    import torch

    from fcot_engine.model import load_network
    from fcot_engine.training import (
        adapt_network_,
        check_options,
        choose_device,
        find_checkpoint,
        find_start,
        name_preset,
        open_adaptation_source,
        parse_photos,
        read_adaptation_config,
        read_adaptation_settings,
        read_clips,
        read_harvest_config,
        show_rows,
    )

    check_options(args)
    device = choose_device(args.device)
    args = name_preset(args, device)
    config = read_adaptation_config(args)
    if not args.resume and find_checkpoint(args.out) is not None:
        raise TrainingError(
            f"{args.out} already holds a checkpoint. Add --resume to go on from it, "
            "or choose another folder."
        )
    start = find_start(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    network, cache = load_network(start), args.out / "tracks"
    harvest = _gather(args, network, start, device, say)
    say(harvest.text)
    fewest = 1 if args.force else read_harvest_config(args).min_tracks
    if harvest.kept < fewest:
        raise TrainingError(
            f"{harvest.kept} tracks are too few to learn from, expected {fewest} or "
            "more. Give other or more videos, or more time to gather; --force learns "
            "from a few."
        )
    source, what = open_adaptation_source(
        read_clips(cache),
        config.factory,
        photos=None if args.photos is None else parse_photos(args.photos),
        device=device,
        seed=config.seed,
        workers=args.workers,
    )
    say(f"Learning from {what} on {device}")
    ending, samples = adapt_network_(
        network,
        source,
        config,
        read_adaptation_settings(args),
        folder=args.out,
        device=device,
        ahead=args.ahead,
        resume=args.resume,
        on_log=show_rows(say),
    )
    if ending == "interrupted":
        say("Interrupted: no weights are written. --resume goes on.")
        return 130
    path = args.export or args.out / "self-trained.safetensors"
    _write(args, network, start, harvest, samples, path)
    say(f"Weights: {path}")
    say("Nobody drew boxes in these videos, so nothing says whether it helped:")
    say(f"measure it with fcot eval SEQUENCES --weights {path}")
    return 0


def _gather(
    args: argparse.Namespace,
    network: FcotNet,
    start: Path,
    device: torch.device,
    say: Callable[[str], None],
) -> Harvest:
    from dataclasses import replace

    from fcot_engine.config import CalibrationConfig, find_preset
    from fcot_engine.tracker import Tracker
    from fcot_engine.training import gather_clips, read_harvest_config

    settings = find_preset(args.preset).tracker
    if args.init is not None:  # the preset's curve was fitted to its own weights
        settings = replace(settings, calibration=CalibrationConfig())

    def make_tracker() -> Tracker:
        return Tracker(network, settings, device=str(device), keep_score_maps=False)

    return gather_clips(
        args.on_videos,
        args.out / "tracks",
        make_tracker,
        read_harvest_config(args),
        made_with=hashlib.sha256(start.read_bytes()).hexdigest(),
        seed=args.seed,
        minutes=args.gather_minutes,
        say=say,
    )


def _write(
    args: argparse.Namespace,
    network: FcotNet,
    start: Path,
    harvest: Harvest,
    samples: int,
    path: Path,
) -> None:
    from fcot_engine.model import save_network

    info = {
        "preset": args.preset,
        "self_trained_from": hashlib.sha256(start.read_bytes()).hexdigest(),
        "gathered": harvest.text,
        "samples": str(samples),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(network, path, info=info)
