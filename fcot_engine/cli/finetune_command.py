"""`fcot train --finetune`: adapts weights to corrected projects, if that helps."""

from __future__ import annotations

import argparse
import datetime
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.errors import TrainingError

if TYPE_CHECKING:
    from fcot_engine.training import Finetuned, LabelledVideo

__all__ = ["EXIT_REFUSED", "parse_project", "run"]

EXIT_REFUSED = 3
"""The new weights did not help and were not written."""


def run(args: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Fine-tune as asked for; returns the exit code.

    Args:
        args: the options of `fcot train`.
        say: shows a line to whoever waits.

    Raises:
        FcotError: a project, its video, an option or a file is wrong.
    """
    import torch

    from fcot_engine.config import find_preset
    from fcot_engine.model import load_network
    from fcot_engine.training import (
        check_options,
        choose_device,
        find_start,
        finetune,
        is_used,
        name_preset,
        parse_photos,
        read_adaptation_config,
        read_finetune_config,
        show_rows,
    )

    check_options(args)
    device = choose_device(args.device)
    args = name_preset(args, device)
    training, config = read_adaptation_config(args), read_finetune_config(args)
    if not args.resume and is_used(args.out):
        raise TrainingError(
            f"{args.out} already holds a checkpoint. Add --resume to go on from it, "
            "or choose another folder."
        )
    start = find_start(args)
    if args.threads is not None:
        torch.set_num_threads(args.threads)
    with ExitStack() as stack:
        found = finetune(
            load_network(start),
            list(_open_all(args, stack)),
            training,
            config,
            find_preset(args.preset).tracker,
            folder=args.out,
            device=device,
            photos=None if args.photos is None else parse_photos(args.photos),
            workers=args.workers,
            ahead=args.ahead,
            resume=args.resume,
            force=args.force,
            say=say,
            on_log=show_rows(say),
        )
    return _settle(args, found, start, say)


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


def _open_all(args: argparse.Namespace, stack: ExitStack) -> Iterator[LabelledVideo]:
    from fcot_engine.config import LessonConfig
    from fcot_engine.training import open_project

    for text in args.finetune:
        path, video_path = parse_project(text)
        video = open_project(path, LessonConfig(), video_path=video_path)
        stack.enter_context(closing(video.source))
        yield video


def _settle(
    args: argparse.Namespace,
    found: Finetuned,
    start: Path,
    say: Callable[[str], None],
) -> int:
    """Write the weights if there are some, and say so."""
    if found.ending == "interrupted":
        say("Interrupted: no weights are written. --resume goes on.")
        return 130
    path = args.export or args.out / "finetuned.safetensors"
    if found.network is None:
        say(
            f"The weights stay as they are: {path} is not written (--resume --force "
            "writes it)."
        )
        return EXIT_REFUSED
    _write(args, found, start, path)
    say(f"Weights: {path}")
    is_alone = len(args.finetune) == 1
    about = "other frames of this video alone" if is_alone else "videos like these"
    say(f"The check is about {about}. Before you use the weights on others, measure")
    say(f"them with fcot eval SEQUENCES --weights {path}")
    return 0


def _write(args: argparse.Namespace, found: Finetuned, start: Path, path: Path) -> None:
    from fcot_engine.model import save_network

    assert found.network is not None and found.gain is not None
    info = {
        "preset": args.preset,
        "finetuned_from": hashlib.sha256(start.read_bytes()).hexdigest(),
        "projects": str(len(args.finetune)),
        "samples": str(found.samples),
        "held_out": found.gain.text,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    save_network(found.network, path, info=info)
