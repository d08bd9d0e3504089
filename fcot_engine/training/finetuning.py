"""Adapting weights to a few annotated videos, with a check on held-out frames."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config.adaptation import CheckConfig, FinetuneConfig
from fcot_engine.config.tracking import TrackerConfig
from fcot_engine.config.training import TrainingConfig
from fcot_engine.model.network import FcotNet
from fcot_engine.tracker.tracker import Tracker
from fcot_engine.training.adaptation import adapt_network_
from fcot_engine.training.adaptation_data import open_adaptation_source
from fcot_engine.training.data_options import DataOption
from fcot_engine.training.gain import Gain, compare
from fcot_engine.training.held_out_runs import HeldOutRun, measure_runs, plan_runs
from fcot_engine.training.labelled_video import LabelledVideo
from fcot_engine.training.lesson_plan import plan_lessons
from fcot_engine.training.trainer import Ending

__all__ = ["Finetuned", "finetune"]


@dataclass(frozen=True, eq=False)  # networks do not compare
class Finetuned:
    """What came of fine-tuning."""

    network: FcotNet
    """With the new weights, in evaluation mode."""
    ending: Ending
    """Why training ended."""
    samples: int
    """Sequences seen."""
    gain: Gain | None
    """What the held-out frames say; None if it was interrupted."""


def finetune(
    network: FcotNet,
    videos: Sequence[LabelledVideo],
    training: TrainingConfig,
    config: FinetuneConfig,
    tracker_config: TrackerConfig,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    photos: DataOption | None = None,
    workers: int = 0,
    ahead: int = 0,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> Finetuned:
    """Adapt a network to videos, and compare it with the old one.

    Of each video a stretch is held out. Nothing learns from it; trackers with the old
    and the new weights run over it afterwards. For equal results end by samples: how
    many fit into some minutes depends on the machine.

    Args:
        network: with the weights to begin with; it is not changed.
        videos: open ones with boxes.
        training: how the steps are taken, and the seed.
        config: what is learned from, how far, and the check.
        tracker_config: settings of the trackers of the check.
        folder: the run folder.
        device: where to train and to track.
        photos: sequences are composed from these as well.
        workers: threads that decode frames.
        ahead: batches made ahead by a thread.
        resume: go on from a checkpoint of the folder, if there is one.
        say: told what goes on.
        on_log: called with each line of the training log.

    Raises:
        TrainingError: a video has too few boxes, or the disk is full.
        FrameError: a frame cannot be read.
    """
    device = torch.device(device)
    plan = plan_lessons(
        videos, config.lessons, folder=folder / "clips", seed=training.seed
    )
    runs = plan_runs(plan.held_out, config.check, seed=training.seed)
    source, what = open_adaptation_source(
        plan.lessons,
        training.factory,
        photos=photos,
        device=device,
        seed=training.seed,
        workers=workers,
    )
    say(f"Learning from {what} of {len(videos)} videos; {len(runs)} runs held out")
    new = copy.deepcopy(network)
    ending, samples = adapt_network_(
        new,
        source,
        training,
        config.adaptation,
        folder=folder,
        device=device,
        ahead=ahead,
        resume=resume,
        on_log=on_log,
    )
    if ending == "interrupted":
        return Finetuned(new, ending, samples, None)
    say("Checking old and new weights on the held-out frames")
    before, after = (
        _measure(each, runs, tracker_config, config.check, device)
        for each in (network, new)
    )
    gain = compare(before, after, config.check, seed=training.seed)
    return Finetuned(new, ending, samples, gain)


def _measure(
    network: FcotNet,
    runs: Sequence[HeldOutRun],
    tracker_config: TrackerConfig,
    check: CheckConfig,
    device: torch.device,
) -> NDArray[np.float64]:
    def make_tracker() -> Tracker:
        return Tracker(
            network, tracker_config, device=str(device), keep_score_maps=False
        )

    return measure_runs(runs, make_tracker, check)
