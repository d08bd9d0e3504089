"""Adapting weights to a few annotated videos, with a check on what was held out.

Several videos are held out in turn: copies of the network learn from the others, and
are judged on whole videos that they never saw. If that helped, the weights that are
handed back learn from all videos. Of a single video a segment is held out instead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import FinetuneConfig, TrackerConfig, TrainingConfig
from fcot_engine.errors import TrainingError
from fcot_engine.model import FcotNet
from fcot_engine.tracker import Tracker
from fcot_engine.training.adaptation import adapt_network_, open_adaptation_source
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.comparison import (
    Gain,
    HeldOutRun,
    compare,
    measure_runs,
    plan_runs,
)
from fcot_engine.training.data import DataPart
from fcot_engine.training.projects import (
    LabelledVideo,
    LearningPlan,
    plan_folds,
    plan_segment,
)
from fcot_engine.training.trainer import Ending

_FOLD = "fold-{}"


@dataclass(frozen=True, eq=False)  # networks do not compare
class Finetuned:
    """What came of fine-tuning."""

    network: FcotNet | None
    """With the new weights, in evaluation mode; None if they are not to be used."""
    ending: Ending | Literal["refused"]
    """Why it ended: "refused" if the new weights did not help and were not forced."""
    samples: int
    """Sequences seen in the training of these weights; 0 if it did not begin."""
    gain: Gain | None
    """What the check says; None if it was interrupted."""


def finetune(
    network: FcotNet,
    videos: Sequence[LabelledVideo],
    training: TrainingConfig,
    config: FinetuneConfig,
    tracker_config: TrackerConfig,
    *,
    folder: Path,
    device: torch.device | str = "cpu",
    photos: DataPart | None = None,
    workers: int = 0,
    resume: bool = False,
    force: bool = False,
    say: Callable[[str], None] = lambda line: None,
    on_log: Callable[[Mapping[str, float]], None] | None = None,
) -> Finetuned:
    """Adapt a network to videos, if that makes it better on what it did not learn from.

    With several videos there is a training for each fold of the check, in a folder of
    its own (`fold-1`, ...), and a last one on all videos.

    Args:
        network: with the weights to begin with; it is not changed.
        videos: open ones with boxes; no two show the same.
        training: how the steps of each training are taken, and the seed.
        config: what is learned from, how far, and the check.
        tracker_config: settings of the trackers of the check.
        folder: the run folder.
        device: where to train and to track.
        photos: sequences are composed from these as well.
        workers: processes that make batches ahead.
        resume: go on from the checkpoints of the folder, if there are some.
        force: hand back new weights that did not help as well.
        say: told what goes on, and what the check says.
        on_log: called with each line of the training log.

    Raises:
        TrainingError: a video has too few boxes, the disk is full, or a checkpoint
            was trained on other data.
        FrameError: a frame cannot be read.
    """
    if not videos:
        raise TrainingError("There is nothing to learn from: name a project.")
    adapter = _Adapter(
        network=network,
        training=training,
        config=config,
        tracker=tracker_config,
        device=torch.device(device),
        photos=photos,
        workers=workers,
        resume=resume,
        say=say,
        on_log=on_log,
    )
    learn = _learn_from_one if len(videos) == 1 else _learn_from_several
    return learn(adapter, videos, folder=folder, force=force)


def is_used(folder: Path) -> bool:
    """Whether a run folder holds a checkpoint, or a fold of its check does."""
    trained = [folder, *folder.glob(_FOLD.format("*"))]
    return any(find_checkpoint(each) is not None for each in trained)


@dataclass(frozen=True, eq=False)  # networks do not compare
class _Adapted:
    """What came of one training."""

    network: FcotNet
    """With the new weights, in evaluation mode."""
    ending: Ending
    """Why it ended."""
    samples: int
    """Sequences seen."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Adapter:
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
    photos: DataPart | None = None
    """Sequences are composed from these as well."""
    workers: int = 0
    """Processes that make batches ahead."""
    resume: bool = False
    """Go on from a checkpoint of the folder, if there is one."""
    say: Callable[[str], None] = lambda line: None
    """Told what goes on."""
    on_log: Callable[[Mapping[str, float]], None] | None = None
    """Called with each line of the training log."""

    def adapt(self, plan: LearningPlan, folder: Path) -> _Adapted:
        """Train a fresh copy on what a plan learns from.

        Args:
            plan: what is learned from.
            folder: for checkpoints and log.

        Raises:
            TrainingError: the disk is full, or a checkpoint belongs to another plan.
        """
        plan.note(folder, resume=self.resume)
        source, what = open_adaptation_source(
            plan.learned,
            self.training.factory,
            photos=self.photos,
            device=torch.device("cpu") if self.workers else self.device,
            seed=self.training.seed,
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
            workers=self.workers,
            resume=self.resume,
            on_log=self.on_log,
        )
        return _Adapted(new, ending, samples)

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


def _learn_from_one(
    adapter: _Adapter, videos: Sequence[LabelledVideo], *, folder: Path, force: bool
) -> Finetuned:
    """Learn from a part of the only video, and judge on the rest."""
    seed, config = adapter.training.seed, adapter.config
    (video,) = videos
    plan = plan_segment(video, config.lessons, folder=folder / "clips")
    runs = plan_runs(plan.held_out, config.check, seed=seed)
    adapter.say(
        f"{len(runs)} runs held out in a segment of {video.name}: the check will speak "
        "for other frames of this video alone. Two projects or more are checked on "
        "videos that were not learned from"
    )
    learned = adapter.adapt(plan, folder)
    if learned.ending == "interrupted":
        return _settle(learned, None, force=force)
    adapter.say("Checking old and new weights on the held-out frames")
    before, after = adapter.measure(runs, learned.network)
    gain = compare(before, after, config.check, seed=seed)
    adapter.say(gain.text)
    return _settle(learned, gain, force=force)


def _learn_from_several(
    adapter: _Adapter, videos: Sequence[LabelledVideo], *, folder: Path, force: bool
) -> Finetuned:
    """Hold out each video in turn, and learn from all if that helps."""
    folds, everything = plan_folds(
        videos,
        adapter.config.lessons,
        folder=folder / "clips",
        max_folds=adapter.config.check.max_folds,
    )
    n = len(folds) + 1
    adapter.say(
        f"{n} trainings: {len(folds)} for the check, each without a part of the "
        f"{len(videos)} videos, and one on all of them if the check says that it "
        "helps. --samples are those of each"
    )
    gain = _check_folds(adapter, folds, videos, folder)
    if gain is None:
        return Finetuned(None, "interrupted", 0, None)
    adapter.say(gain.text)
    if not (gain.has_helped or force):
        return Finetuned(None, "refused", 0, gain)
    adapter.say(f"Training {n} of {n}: on all videos")
    return _settle(adapter.adapt(everything, folder), gain, force=force)


def _check_folds(
    adapter: _Adapter,
    folds: Sequence[LearningPlan],
    videos: Sequence[LabelledVideo],
    folder: Path,
) -> Gain | None:
    """Train and measure fold by fold; None if it was interrupted."""
    runs: list[HeldOutRun] = []
    found = []
    for number, plan in enumerate(folds, start=1):
        names = ", ".join(whole.video.name for whole in plan.held_out)
        adapter.say(f"Training {number} of {len(folds) + 1}: without {names}")
        learned = adapter.adapt(plan, folder / _FOLD.format(number))
        if learned.ending == "interrupted":
            return None
        own = _plan_fold_runs(adapter, plan, videos)
        adapter.say(f"Checking old and new weights on {names}: {len(own)} runs")
        found.append(adapter.measure(own, learned.network))
        runs += own
    before, after = (np.concatenate(each) for each in zip(*found, strict=True))
    groups = np.array([videos.index(run.video) for run in runs], dtype=np.int64)
    return compare(
        before,
        after,
        adapter.config.check,
        groups=groups,
        seed=adapter.training.seed,
    )


def _plan_fold_runs(
    adapter: _Adapter, plan: LearningPlan, videos: Sequence[LabelledVideo]
) -> list[HeldOutRun]:
    """Choose runs through each held-out video, which has its share of the frames."""
    config, seed = adapter.config.check, adapter.training.seed
    share = replace(config, max_frames=max(1, config.max_frames // len(videos)))
    return [
        run
        for whole in plan.held_out
        for run in plan_runs([whole], share, seed=seed + videos.index(whole.video))
    ]


def _settle(learned: _Adapted, gain: Gain | None, *, force: bool) -> Finetuned:
    """Hand the weights back, unless they are not wanted."""
    if gain is None or learned.ending == "interrupted":
        return Finetuned(None, "interrupted", learned.samples, gain)
    if not (gain.has_helped or force):
        return Finetuned(None, "refused", learned.samples, gain)
    return Finetuned(learned.network, learned.ending, learned.samples, gain)
