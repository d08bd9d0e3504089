"""Measure what a tracker holds while it follows a target through a long clip.

Run as `python scripts/measure_memory.py --quick --frames 5000 --correct-every 250`, or
for the paper's network, whose memory is full after 27 updates,
`python scripts/measure_memory.py --preset paper --frames 30 --correct-every 0
--set classification.update_interval=1`. A preset whose weights are not installed is
measured with fresh parameters, which take as much memory. Reads /proc, so needs Linux.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import PRESETS, apply_settings
from fcot_engine.errors import WeightsError
from fcot_engine.model import FcotNet, build_network, load_network
from fcot_engine.tracker import Tracker, default_weights

MIB = 1024**2
WIDTH, HEIGHT, SIDE = 240, 180, 32
CYCLE = 240  # frames until the clip repeats itself
EARLY = 500  # frame that the end is compared with
QUICK = {
    "search.patch_size": 160,
    "search.area_scale": 2.5,
    "augmentation.class_shift": 25.0,
    "augmentation.box_patch_size": 128,
    "augmentation.box_samples": 24,
    "classification.given_capacity": 46,
    "regression.given_capacity": 50,
}
"""Small patches, so that thousands of frames take minutes, and room for the samples of
two human boxes, so that the memories are full by the early frame."""


def main() -> None:
    """Track the clip and print what is held at some frames."""
    options = read_options()
    torch.set_num_threads(1)
    settings: dict[str, str | float] = dict(QUICK) if options.quick else {}
    settings |= dict(text.split("=", 1) for text in options.set)
    preset = PRESETS[options.preset]
    network = make_network(options.preset)
    beside = read_status("VmRSS")
    print(f"preset {options.preset}, {len(settings)} settings changed: {settings}")
    print(f"process with the network before tracking {beside / MIB:.0f} MiB")

    tracker = Tracker(network, apply_settings(preset.tracker, settings), device="cpu")
    clip = [paint_frame(index) for index in range(CYCLE)]
    tracker.init(clip[0], find_true_box(0))
    started, early = time.monotonic(), 0.0
    for frame in range(1, options.frames + 1):
        place = frame % CYCLE
        if options.correct_every and frame % options.correct_every == 0:
            tracker.correct(clip[place], find_true_box(place))
        else:
            tracker.track(clip[place])
        if frame == EARLY:
            early = read_status("VmRSS")
        if frame % options.print_every == 0 or frame in (EARLY, options.frames):
            print(
                f"frame {frame:6d}  process {read_status('VmRSS') / MIB:7.1f} MiB  "
                f"peak {read_status('VmHWM') / MIB:7.1f} MiB  "
                f"feature maps kept {tracker.memory_nbytes / MIB:6.1f} MiB  "
                f"{(time.monotonic() - started) / frame * 1e3:.0f} ms a frame",
                flush=True,
            )
    if early:
        change = (read_status("VmRSS") - early) / MIB
        print(f"change since frame {EARLY}: {change:+.1f} MiB")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="lite")
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--correct-every", type=int, default=250, help="0 for never")
    parser.add_argument("--print-every", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="small patches")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args()


def make_network(preset: str) -> FcotNet:
    """Load the weights of a preset, or make fresh ones."""
    try:
        return load_network(default_weights(preset))
    except WeightsError:
        print("no weights installed: fresh parameters")
        return build_network(PRESETS[preset].network)


def find_true_box(frame: int) -> tuple[float, float, float, float]:
    """Where the target is: on an ellipse around the middle."""
    angle = 2 * math.pi * frame / CYCLE
    x = WIDTH / 2 + 60 * math.cos(angle) - SIDE / 2
    y = HEIGHT / 2 + 40 * math.sin(angle) - SIDE / 2
    return round(x), round(y), SIDE, SIDE


def paint_frame(frame: int) -> NDArray[np.uint8]:
    """Draw a checked square on a wavy ground."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image = np.stack([90 + 40 * np.sin(x / (9 + c) + y / 13) for c in range(3)], -1)
    left, top, w, h = (int(value) for value in find_true_box(frame))
    checks = ((x // 8 + y // 8) % 2)[:h, :w, None] * np.array([150, 90, 30]) + 60
    image[top : top + h, left : left + w] = checks
    return image.astype(np.uint8)


def read_status(name: str) -> float:
    """Bytes told by one line of /proc/self/status, such as VmRSS."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1]) * 1024
    raise SystemExit(f"/proc/self/status has no line {name}.")


if __name__ == "__main__":
    main()
