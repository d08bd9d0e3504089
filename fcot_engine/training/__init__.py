"""Training: sequences made from still photos, and the loop that learns from them."""

from __future__ import annotations

from fcot_engine.training.contact_sheet import make_contact_sheet
from fcot_engine.training.photo_pool import PhotoPool, load_photo_pool
from fcot_engine.training.sample_factory import SampleFactory, TrainingBatch
from fcot_engine.training.trainer import Trainer

__all__ = [
    "PhotoPool",
    "SampleFactory",
    "Trainer",
    "TrainingBatch",
    "load_photo_pool",
    "make_contact_sheet",
]
