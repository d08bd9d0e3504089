from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "draw_contact_sheet.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw_contact_sheet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_boxes_lie_in_the_photos_of_scikit_image(script):
    pool = script.read_pool()
    assert len(pool) == len(script.BOXES)
    ends = pool.boxes_xywh[:, :2] + pool.boxes_xywh[:, 2:]
    assert (ends <= pool.sizes_wh[pool.photo_of_box] + 0.5).all()
