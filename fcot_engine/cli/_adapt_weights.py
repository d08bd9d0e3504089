"""`fcot train --finetune` and `--on-videos`: trained weights learn a little more."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from fcot_engine.cli._train_options import read_adaptation_config
from fcot_engine.cli.train_command import choose_device, say, show_row, used_folder
from fcot_engine.config import (
    AdaptationConfig,
    CalibrationConfig,
    FinetuneConfig,
    HarvestConfig,
    LessonConfig,
    find_preset,
)
from fcot_engine.errors import ConfigError, TrainingError
from fcot_engine.model import FcotNet, load_network, save_network
from fcot_engine.tracker import (
    AUTO,
    Tracker,
    default_weights,
    resolve_preset,
)
from fcot_engine.training import (
    DataPart,
    Finetuned,
    Harvest,
    LabelledVideo,
    adapt_network_,
    finetune,
    gather_clips,
    is_used,
    open_adaptation_source,
    open_project,
    read_clips,
)

EXIT_REFUSED = 3
"""The new weights did not help and were not written."""


def run(args: argparse.Namespace) -> int:
    """Adapt weights as asked for; returns the exit code.

    Raises:
        FcotError: a project, a video, an option or a file is wrong.
    """
    _check_options(args)
    device = choose_device(args.device)
    preset = resolve_preset(args.preset or AUTO, device, weights=args.init)
    args = argparse.Namespace(**(vars(args) | {"preset": preset}))
    if not args.resume and is_used(args.out):
        raise used_folder(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    adapt = _train_on_videos if args.finetune is None else _finetune
    return adapt(args, device)


def _check_options(args: argparse.Namespace) -> None:
    """Make sure that nothing is asked for that adapting weights does not do."""
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


def _finetune(args: argparse.Namespace, device: torch.device) -> int:
    with ExitStack() as stack:
        found = finetune(
            load_network(_find_start(args)),
            list(_open_projects(args, stack)),
            read_adaptation_config(args),
            FinetuneConfig(adaptation=AdaptationConfig(pull=args.pull)),
            find_preset(args.preset).tracker,
            folder=args.out,
            device=device,
            photos=_find_photos(args),
            workers=args.workers,
            resume=args.resume,
            force=args.force,
            say=say,
            on_log=partial(show_row, say),
        )
    if found.ending == "interrupted":
        return _tell_interruption()
    path = args.export or args.out / "finetuned.safetensors"
    if found.network is None:
        say(
            f"The weights stay as they are: {path} is not written (--resume --force "
            "writes it)."
        )
        return EXIT_REFUSED
    _write(args, found.network, path, found.samples, _describe_check(args, found))
    is_alone = len(args.finetune) == 1
    about = "other frames of this video alone" if is_alone else "videos like these"
    say(f"The check is about {about}. Before you use the weights on others, measure")
    say(f"them with fcot eval SEQUENCES --weights {path}")
    return 0


def _describe_check(args: argparse.Namespace, found: Finetuned) -> dict[str, str]:
    assert found.gain is not None
    return {"projects": str(len(args.finetune)), "held_out": found.gain.text}


def _open_projects(
    args: argparse.Namespace, stack: ExitStack
) -> Iterator[LabelledVideo]:
    for text in args.finetune:
        path, video_path = parse_project(text)
        video = open_project(path, LessonConfig(), video_path=video_path)
        stack.enter_context(closing(video.source))
        yield video


def parse_project(text: str) -> tuple[Path, Path | None]:
    """Read `PROJECT` or `PROJECT=VIDEO`, for a video that was moved.

    Example:
        >>> parse_project("film.fcot=moved/film.mp4")[1].name
        'film.mp4'
    """
    project, equals, video = text.partition("=")
    if not equals or Path(text).exists():
        return Path(text), None
    return Path(project), Path(video)


def _train_on_videos(args: argparse.Namespace, device: torch.device) -> int:
    config = read_adaptation_config(args)
    network, gathering = load_network(_find_start(args)), _read_gathering(args)
    harvest = _gather(args, network, gathering, device)
    say(harvest.text)
    fewest = 1 if args.force else gathering.min_tracks
    if harvest.kept < fewest:
        raise TrainingError(
            f"{harvest.kept} tracks are too few to learn from, expected {fewest} or "
            "more. Give other or more videos; --force learns from a few."
        )
    source, what = open_adaptation_source(
        read_clips(args.out / "tracks"),
        config.factory,
        photos=_find_photos(args),
        device=torch.device("cpu") if args.workers else device,
        seed=config.seed,
    )
    say(f"Learning from {what} on {device}")
    ending, samples = adapt_network_(
        network,
        source,
        config,
        AdaptationConfig(pull=args.pull),
        folder=args.out,
        device=device,
        workers=args.workers,
        resume=args.resume,
        on_log=partial(show_row, say),
    )
    if ending == "interrupted":
        return _tell_interruption()
    path = args.export or args.out / "self-trained.safetensors"
    _write(args, network, path, samples, {"gathered": harvest.text})
    say("Nobody drew boxes in these videos, so nothing says whether it helped:")
    say(f"measure it with fcot eval SEQUENCES --weights {path}")
    return 0


def _read_gathering(args: argparse.Namespace) -> HarvestConfig:
    return HarvestConfig(max_clips=args.max_clips)


def _gather(
    args: argparse.Namespace,
    network: FcotNet,
    config: HarvestConfig,
    device: torch.device,
) -> Harvest:
    settings = find_preset(args.preset).tracker
    if args.init is not None:  # the preset's curve was fitted to its own weights
        settings = replace(settings, calibration=CalibrationConfig())

    def make_tracker() -> Tracker:
        return Tracker(network, settings, device=str(device), keep_score_maps=False)

    return gather_clips(
        args.on_videos,
        args.out / "tracks",
        make_tracker,
        config,
        made_with=_hash(_find_start(args)),
        seed=args.seed,
        say=say,
    )


def _find_start(args: argparse.Namespace) -> Path:
    """The weights to begin with: `--init`, or those that come with the package."""
    return default_weights(args.preset) if args.init is None else args.init


def _find_photos(args: argparse.Namespace) -> DataPart | None:
    return None if args.photos is None else DataPart.parse_photos(args.photos)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _tell_interruption() -> int:
    say("Interrupted: no weights are written. --resume goes on.")
    return 130


def _write(
    args: argparse.Namespace,
    network: FcotNet,
    path: Path,
    samples: int,
    about: dict[str, str],
) -> None:
    info = {
        "preset": args.preset,
        "adapted_from": _hash(_find_start(args)),
        "samples": str(samples),
        **about,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(network, path, info=info)
    say(f"Weights: {path}")
