"""Boxes out and in: MOT, COCO, CVAT, YOLO, LaSOT and GOT-10k files."""

from __future__ import annotations

from fcot_engine.formats._cvat_reading import read_cvat
from fcot_engine.formats.coco import read_coco, write_coco
from fcot_engine.formats.cvat import write_cvat
from fcot_engine.formats.images import export_images, image_folders
from fcot_engine.formats.mot import read_mot, write_mot
from fcot_engine.formats.single_target import write_got10k, write_lasot
from fcot_engine.formats.tables import FORMATS, READERS, export_tracks, read_tracks
from fcot_engine.formats.yolo import write_yolo

__all__ = [
    "FORMATS",
    "READERS",
    "export_images",
    "export_tracks",
    "image_folders",
    "read_coco",
    "read_cvat",
    "read_mot",
    "read_tracks",
    "write_coco",
    "write_cvat",
    "write_got10k",
    "write_lasot",
    "write_mot",
    "write_yolo",
]
