"""Boxes out and in: MOT, COCO, CVAT, YOLO, LaSOT and GOT-10k files."""

from __future__ import annotations

from fcot_engine.formats.coco import write_coco
from fcot_engine.formats.coco_reading import read_coco
from fcot_engine.formats.cvat import write_cvat
from fcot_engine.formats.cvat_reading import read_cvat
from fcot_engine.formats.mot import write_mot
from fcot_engine.formats.mot_reading import read_mot
from fcot_engine.formats.single_target import write_got10k, write_lasot
from fcot_engine.formats.track_export import FORMATS, export_tracks
from fcot_engine.formats.track_file import TrackFile
from fcot_engine.formats.track_import import READERS, read_tracks
from fcot_engine.formats.yolo import write_yolo

__all__ = [
    "FORMATS",
    "READERS",
    "TrackFile",
    "export_tracks",
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
