from __future__ import annotations

import numpy as np
from PIL import Image

from fcot_engine.training.contact_sheet import make_contact_sheet


def test_sheet_holds_all_sequences_with_boxes(tmp_path, small_factory):
    make_contact_sheet(tmp_path / "sheet.png", small_factory, n=10, columns=3)
    with Image.open(tmp_path / "sheet.png") as picture:
        image = np.asarray(picture)
    assert image.shape == (4 * 68, 3 * (4 * 64 + 8), 3)
    green = (image == (0, 255, 0)).all(-1).sum()
    orange = (image == (255, 160, 0)).all(-1).sum()
    assert green > 20 * 40 and orange > 20 * 40
