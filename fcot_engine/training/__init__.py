"""Training: sequences made from still photos, and the loop that learns from them."""

from __future__ import annotations

from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.photo_pool import PhotoPool, load_photo_pool
from fcot_engine.training.sample_factory import SampleFactory
from fcot_engine.training.trainer import Trainer
from fcot_engine.training.training_batch import BatchSource, TrainingBatch

__all__ = [
    "BatchSource",
    "PhotoPool",
    "SampleFactory",
    "Trainer",
    "TrainingBatch",
    "load_photo_pool",
    "make_contact_sheet",
]
