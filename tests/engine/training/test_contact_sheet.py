from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from fcot_engine.config import FactoryConfig
from fcot_engine.training import SampleFactory, make_contact_sheet


def test_sheet_holds_all_sequences_with_boxes(tmp_path, small_factory):
    make_contact_sheet(tmp_path / "sheet.png", small_factory, n=10, columns=3)
    with Image.open(tmp_path / "sheet.png") as picture:
        image = np.asarray(picture)
    assert image.shape == (4 * 68 + 4, 3 * (4 * 64 + 4) + 4, 3)
    green = (image == (0, 255, 0)).all(-1).sum()
    orange = (image == (255, 160, 0)).all(-1).sum()
    assert green > 20 * 40 and orange > 20 * 40


def test_frames_without_their_target_have_a_red_border_and_no_box(
    tmp_path, textured_pool
):
    config = FactoryConfig(
        patch_size=64, target_size_px=26.0, plain_share=1.0, away_share=1.0
    )
    source = SampleFactory(textured_pool, config)
    make_contact_sheet(tmp_path / "sheet.png", source, n=4, columns=1)
    with Image.open(tmp_path / "sheet.png") as picture:
        image = np.asarray(picture)
    red = (image == (255, 0, 0)).all(-1).sum()
    assert red >= 4 * 2 * (4 * 64 - 4)
    assert not (image == (255, 160, 0)).all(-1).any()


def test_boxes_of_the_documented_sheet_lie_in_their_photos():
    path = Path(__file__).resolve().parents[3] / "scripts" / "draw_contact_sheet.py"
    spec = importlib.util.spec_from_file_location("draw_contact_sheet", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    pool = script.read_pool()
    assert len(pool) == len(script.BOXES)
    ends = pool.boxes_xywh[:, :2] + pool.boxes_xywh[:, 2:]
    assert (ends <= pool.sizes_wh[pool.photo_of_box] + 0.5).all()
