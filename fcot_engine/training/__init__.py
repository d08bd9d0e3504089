"""Training: sequences made from photos and videos, and a loop that learns from them."""

from __future__ import annotations

from fcot_engine.training.adaptation import adapt_network_, open_adaptation_source
from fcot_engine.training.batches import (
    BatchSource,
    MixedSource,
    ProgressiveSource,
    TrainingBatch,
)
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.data import DataPart, open_sources
from fcot_engine.training.distillation import Teacher
from fcot_engine.training.distributed import (
    get_rank,
    get_size,
    join_processes,
    leave_processes,
)
from fcot_engine.training.finetuning import Finetuned, finetune, is_used
from fcot_engine.training.objective import compute_losses
from fcot_engine.training.photos import PhotoPool, load_photo_pool
from fcot_engine.training.projects import (
    LabelledTarget,
    LabelledVideo,
    label_target,
    open_project,
)
from fcot_engine.training.run_log import read_log
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.self_training import Harvest, gather_clips
from fcot_engine.training.trainer import Ending, Trainer
from fcot_engine.training.video_source import VideoSource
from fcot_engine.training.videos import READERS, AnnotatedVideo, read_clips
from fcot_engine.training.warm_start import measure_fixed_statistics_, start_network

__all__ = [
    "READERS",
    "AnnotatedVideo",
    "BatchSource",
    "DataPart",
    "Ending",
    "Finetuned",
    "Harvest",
    "LabelledTarget",
    "LabelledVideo",
    "MixedSource",
    "PhotoPool",
    "ProgressiveSource",
    "SampleFactory",
    "Teacher",
    "Trainer",
    "TrainingBatch",
    "VideoSource",
    "adapt_network_",
    "compute_losses",
    "find_checkpoint",
    "finetune",
    "gather_clips",
    "get_rank",
    "get_size",
    "is_used",
    "join_processes",
    "label_target",
    "leave_processes",
    "load_photo_pool",
    "make_contact_sheet",
    "measure_fixed_statistics_",
    "open_adaptation_source",
    "open_project",
    "open_sources",
    "read_clips",
    "read_log",
    "start_network",
]
