"""Write the sample video as a sequence that `fcot eval` reads.

    python scripts/write_sample_sequence.py FOLDER
    fcot eval FOLDER --records frames.csv

Makes FOLDER/sample/img/00000001.png ... and FOLDER/sample/groundtruth.txt.
"""

from __future__ import annotations

import sys
from pathlib import Path


def write_sample_sequence(root: Path) -> Path:
    """Write frames and true boxes; returns the sequence's folder."""
    from PIL import Image

    from fcot_engine.sample import make_sample_video

    sample = make_sample_video()
    folder = root / "sample"
    (folder / "img").mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(sample.frames, start=1):
        Image.fromarray(frame).save(folder / "img" / f"{number:08d}.png")
    lines = [",".join(f"{v:.3f}" for v in box) for box in sample.boxes_xywh]
    (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


if __name__ == "__main__":
    print(write_sample_sequence(Path(sys.argv[1])))
