"""Trainings that begin with the same weights, and runs that compare old with new."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import FinetuneConfig, TrackerConfig, TrainingConfig
from fcot_engine.model import FcotNet
from fcot_engine.tracker import Tracker
from fcot_engine.training.adaptation import adapt_network_
from fcot_engine.training.adaptation_data import open_adaptation_source
from fcot_engine.training.data_options import DataOption
from fcot_engine.training.held_out_runs import HeldOutRun, measure_runs
from fcot_engine.training.lesson_plan import LessonPlan
from fcot_engine.training.lesson_record import note_lessons
from fcot_engine.training.trainer import Ending

__all__ = ["Adapted", "Adapter"]


@dataclass(frozen=True, eq=False)  # networks do not compare
class Adapted:
    """What came of one training."""

    network: FcotNet
    """With the new weights, in evaluation mode."""
    ending: Ending
    """Why it ended."""
    samples: int
    """Sequences seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Adapter:
    """Adapts copies of one network, all in the same way."""

    network: FcotNet
    """With the weights to begin with; it is not changed."""
    training: TrainingConfig
    """How the steps are taken, and the seed."""
    config: FinetuneConfig
    """How far the weights may go, and the check."""
    tracker: TrackerConfig
    """Settings of the trackers of the check."""
    device: torch.device
    """Where to train and to track."""
    photos: DataOption | None = None
    """Sequences are composed from these as well."""
    workers: int = 0
    """Threads that decode frames."""
    ahead: int = 0
    """Batches made ahead by a thread."""
    resume: bool = False
    """Go on from a checkpoint of the folder, if there is one."""
    say: Callable[[str], None] = lambda line: None
    """Told what goes on."""
    on_log: Callable[[Mapping[str, float]], None] | None = None
    """Called with each line of the training log."""

    def adapt(self, plan: LessonPlan, folder: Path) -> Adapted:
        """Train a fresh copy on the lessons of a plan.

        Args:
            plan: what is learned from.
            folder: for checkpoints and log.

        Raises:
            TrainingError: the disk is full, or a checkpoint belongs to another plan.
        """
        note_lessons(folder, plan, resume=self.resume)
        source, what = open_adaptation_source(
            plan.lessons,
            self.training.factory,
            photos=self.photos,
            device=self.device,
            seed=self.training.seed,
            workers=self.workers,
        )
        self.say(f"Learning from {what}")
        new = copy.deepcopy(self.network)
        ending, samples = adapt_network_(
            new,
            source,
            self.training,
            self.config.adaptation,
            folder=folder,
            device=self.device,
            ahead=self.ahead,
            resume=self.resume,
            counts_all_legs=True,
            on_log=self.on_log,
        )
        return Adapted(new, ending, samples)

    def measure(
        self, runs: Sequence[HeldOutRun], new: FcotNet
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Run trackers with the old and with the new weights.

        Returns:
            Mean overlap of each run, old and new, `(n,)` each.

        Raises:
            FrameError: a frame cannot be read.
        """
        return self._measure(runs, self.network), self._measure(runs, new)

    def _measure(
        self, runs: Sequence[HeldOutRun], network: FcotNet
    ) -> NDArray[np.float64]:
        def make_tracker() -> Tracker:
            return Tracker(
                network, self.tracker, device=str(self.device), keep_score_maps=False
            )

        return measure_runs(runs, make_tracker, self.config.check)
