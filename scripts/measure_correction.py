"""Measure how long a correction takes until its first new box is there.

    python scripts/measure_correction.py [--device auto] [--corrections 5]

Tracks the target of the sample video, then corrects it in several frames, each time in
an annotation session as the plugin does, and prints the time from the drawn box to the
first box that is carried from it, and to the end of the run.
"""

from __future__ import annotations

import argparse
import statistics
import time

from fcot_engine.annotation import AnnotationSession, FrameDone
from fcot_engine.sample import make_sample_video
from fcot_engine.tracker import MultiTracker, choose_device, load_preset, name_device
from fcot_engine.video import ArrayFrames


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto", help="as for `fcot track`")
    parser.add_argument("--corrections", type=int, default=5, metavar="N")
    args = parser.parse_args()
    sample = make_sample_video()
    loaded = load_preset("auto", device=args.device)
    session = AnnotationSession(
        ArrayFrames(sample.frames, name=sample.name),
        lambda: MultiTracker(loaded.network, loaded.config, device=args.device),
    )
    target = session.edit.add_target()
    session.edit.draw_box(target, 0, sample.boxes_xywh[0].tolist())
    for _ in session.propagate(0):
        pass
    n_frames = len(sample.frames)
    firsts, wholes = [], []
    for number in range(1, args.corrections + 1):
        frame = number * n_frames // (args.corrections + 1)
        start_s = time.perf_counter()
        first_s = None
        for event in session.correct(target, frame, sample.boxes_xywh[frame].tolist()):
            if first_s is None and isinstance(event, FrameDone) and event.boxes:
                first_s = time.perf_counter() - start_s
        wholes.append(time.perf_counter() - start_s)
        firsts.append(float("nan") if first_s is None else first_s)
        print(
            f"frame {frame}: first new box after {firsts[-1] * 1e3:.0f} ms, all of the "
            f"run after {wholes[-1]:.1f} s"
        )
    device_name = name_device(choose_device(args.device))
    first_ms, whole_s = statistics.median(firsts) * 1e3, statistics.median(wholes)
    print(f"{device_name}: median {first_ms:.0f} ms and {whole_s:.1f} s")


if __name__ == "__main__":
    main()
