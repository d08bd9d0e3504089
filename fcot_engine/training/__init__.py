"""Training: sequences made from still photos, and the loop that learns from them."""

from __future__ import annotations

from fcot_engine.training.adaptation import adapt_network_
from fcot_engine.training.adaptation_data import open_adaptation_source
from fcot_engine.training.adaptation_options import (
    check_options,
    find_start,
    name_preset,
    read_adaptation_settings,
    read_finetune_config,
    read_harvest_config,
)
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.clip_cache import read_clips
from fcot_engine.training.command import choose_device, show_rows
from fcot_engine.training.command_options import read_adaptation_config
from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.data_options import parse_photos
from fcot_engine.training.finetuning import Finetuned, finetune, is_used
from fcot_engine.training.fixed_statistics import measure_fixed_statistics_
from fcot_engine.training.harvest import Harvest, gather_clips
from fcot_engine.training.labelled_video import LabelledTarget, LabelledVideo
from fcot_engine.training.objective import compute_losses
from fcot_engine.training.photo_pool import PhotoPool, load_photo_pool
from fcot_engine.training.projects import label_target, open_project
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.trainer import Trainer
from fcot_engine.training.training_batch import BatchSource, TrainingBatch
from fcot_engine.training.warm_start import start_network

__all__ = [
    "BatchSource",
    "Finetuned",
    "Harvest",
    "LabelledTarget",
    "LabelledVideo",
    "PhotoPool",
    "SampleFactory",
    "Trainer",
    "TrainingBatch",
    "adapt_network_",
    "check_options",
    "choose_device",
    "compute_losses",
    "find_checkpoint",
    "find_start",
    "finetune",
    "gather_clips",
    "is_used",
    "label_target",
    "load_photo_pool",
    "make_contact_sheet",
    "measure_fixed_statistics_",
    "name_preset",
    "open_adaptation_source",
    "open_project",
    "parse_photos",
    "read_adaptation_config",
    "read_adaptation_settings",
    "read_clips",
    "read_finetune_config",
    "read_harvest_config",
    "show_rows",
    "start_network",
]
