"""Check and time everything on a GPU in one call of under five minutes.

    python scripts/try_gpu.py --out gpu.json
    python scripts/try_gpu.py --tiny --out tiny.json

Each part is caught and written by itself, so what fails or runs out of time loses
nothing of the rest. Needs torch, numpy and safetensors, and torchvision for some parts;
what else the engine imports is replaced where it is missing. Frames are painted, so no
video is read. With --tiny all is small and on the CPU, to try the script itself.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib.util
import itertools
import json
import math
import os
import platform
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

REPOSITORY = Path(__file__).resolve().parent.parent

if TYPE_CHECKING:
    from fcot_engine.config import TrackerConfig
    from fcot_engine.evaluation import Clip
    from fcot_engine.model import FcotNet, Features
    from fcot_engine.tracker import MultiTracker

Facts = dict[str, Any]

OPTIONAL = ("torchvision", "skimage", "tifffile", "scipy", "PIL", "av", "rich")
"""Looked for and told; nothing here stops without them but torchvision's parts."""


class SkippedError(Exception):
    """A part has nothing to do here; its text says why."""


def main() -> None:
    """Run all parts, or those that were named."""
    options = read_options()
    replaced = replace_missing()
    if not (options.tiny or torch.cuda.is_available()):
        raise SystemExit("There is no CUDA device here. Try the script with --tiny.")
    trial = Trial(options.tiny, replaced)
    report = Report(options.out, options.limit_s)
    for name, part in list_parts(trial).items():
        if options.only is None or any(word in name for word in options.only):
            report.add(name, part)
    counts = ", ".join(f"{n} {state}" for state, n in report.count().items())
    print(f"{counts} in {report.elapsed_s:.0f} s: {options.out}")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--out", type=Path, default=Path("gpu.json"), metavar="FILE", help="JSON")
    add("--tiny", action="store_true", help="small networks and frames, on the CPU")
    add("--only", type=lambda text: text.split(","), metavar="A,B", help="such parts")
    add(
        "--limit-s",
        type=float,
        default=240.0,
        metavar="S",
        help="no part begins after so many seconds (240)",
    )
    return parser.parse_args()


def replace_missing() -> list[str]:
    """Let the engine be imported from here, with stand-ins for what is missing."""
    sys.path.insert(0, str(REPOSITORY))
    stand_ins: dict[str, Mapping[str, Any]] = {
        "lazy_loader": {"attach_stub": lambda *_: (None, None, [])},
        "platformdirs": {"user_data_path": lambda *_, **__: Path.home() / ".fcot"},
    }
    replaced = []
    for name, contents in stand_ins.items():
        if not is_installed(name):
            module = types.ModuleType(name)
            vars(module).update(contents)
            sys.modules[name] = module
            replaced.append(name)
    needed = ("safetensors",)
    missing = [name for name in needed if not is_installed(name)]
    if missing:
        raise SystemExit(f"The engine needs {', '.join(missing)}: pip install it.")
    return replaced


def is_installed(name: str) -> bool:
    """Whether a module can be found."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


class Report:
    """What was found, on the disk after each part."""

    def __init__(self, path: Path, limit_s: float) -> None:
        self._path = path
        self._limit_s = limit_s
        self._start = time.monotonic()
        self._parts: dict[str, Facts] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._start

    def add(self, name: str, part: Callable[[], Facts]) -> None:
        """Run a part and write what it found, or why it found nothing."""
        start = time.monotonic()
        try:
            if self.elapsed_s > self._limit_s:
                raise SkippedError("no time left")
            facts = {"state": "done", **part()}
        except SkippedError as reason:
            facts = {"state": "skipped", "reason": str(reason)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest shall run
            facts = {
                "state": "failed",
                "error": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc().splitlines()[-12:],
            }
        facts["seconds"] = round(time.monotonic() - start, 2)
        self._parts[name] = facts
        draft = self._path.with_name(f".{self._path.name}.part")
        draft.write_text(json.dumps(self._parts, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._path)
        why = facts.get("reason") or facts.get("error") or ""
        print(f"{name:24s} {facts['state']:8s} {facts['seconds']:6.1f} s  {why}")
        sys.stdout.flush()

    def count(self) -> dict[str, int]:
        """How many parts ended how."""
        states = [facts["state"] for facts in self._parts.values()]
        return {state: states.count(state) for state in sorted(set(states))}


# --- what is tried ---------------------------------------------------------------


@dataclass
class Trial:
    """Networks, frames and sizes."""

    is_tiny: bool
    replaced: list[str]
    """Modules that have a stand-in."""
    _models: dict[str, tuple[FcotNet, TrackerConfig]] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where all is tried."""
        return torch.device("cpu" if self.is_tiny else "cuda")

    def names(self) -> list[str]:
        """Presets whose weights are there, and the paper's with random ones."""
        if self.is_tiny:
            return ["lite", "paper"]
        from fcot_engine.config import PRESETS
        from fcot_engine.tracker import find_weights

        present = [name for name in PRESETS if find_weights(name) is not None]
        return list(dict.fromkeys([*present, "paper"]))

    def network(self, name: str) -> FcotNet:
        """Return a copy on the CPU that may be changed."""
        return copy.deepcopy(self._model(name)[0])

    def tracker(
        self, name: str, device: torch.device, network: FcotNet | None = None
    ) -> MultiTracker[int]:
        """Make a tracker around a copy of the network, or around another one."""
        from fcot_engine.tracker import MultiTracker

        own, config = self._model(name)
        return MultiTracker[int](
            network or copy.deepcopy(own),
            config,
            device=str(device),
            keep_score_maps=False,
        )

    def patches(self, name: str, count: int) -> Tensor:
        """Patches on the CPU, `(count, 3, S, S)` in [0, 1]."""
        side = self._model(name)[1].search.patch_size
        frames = self.clip.frames
        big = torch.from_numpy(
            np.stack([frames[i % len(frames)] for i in range(count)])
        )
        maps = big.permute(0, 3, 1, 2).float() / 255
        return torch.nn.functional.interpolate(maps, (side, side), mode="bilinear")

    @cached_property
    def clip(self) -> Clip:
        """Frames of a textured square that moves over a textured ground."""
        from fcot_engine.evaluation import Clip

        width, height, side, count = (
            (120, 90, 24, 6) if self.is_tiny else (640, 360, 72, 64)
        )
        frames = [paint_frame(i, width, height, side) for i in range(count)]
        return Clip("square", frames, find_box(0, width, height, side))

    def true_box(self, number: int) -> tuple[float, float, float, float]:
        """Where the square is in a frame of the clip."""
        width, height, side = (120, 90, 24) if self.is_tiny else (640, 360, 72)
        return find_box(number, width, height, side)

    def _model(self, name: str) -> tuple[FcotNet, TrackerConfig]:
        if name not in self._models:
            self._models[name] = (make_tiny if self.is_tiny else load_model)(name)
        return self._models[name]


def load_model(name: str) -> tuple[FcotNet, TrackerConfig]:
    """Load a preset, or make it with random weights where it has none."""
    from fcot_engine.config import PRESETS
    from fcot_engine.model import build_network, load_network
    from fcot_engine.tracker import find_weights

    path, preset = find_weights(name), PRESETS[name]
    if path is not None:
        return load_network(path).eval(), preset.tracker
    torch.manual_seed(0)
    return build_network(preset.network).eval(), never_lost(preset.tracker)


def make_tiny(name: str) -> tuple[FcotNet, TrackerConfig]:
    """Make a small network of the same kind with random weights."""
    from fcot_engine.config import (
        PRESETS,
        BackboneConfig,
        NetworkConfig,
        PaperNetworkConfig,
        apply_settings,
    )
    from fcot_engine.model import build_network

    settings: dict[str, str | int] = {
        "search.patch_size": 32,
        "augmentation.box_patch_size": 32,
        "augmentation.box_samples": 1,
        "augmentation.correction_box_samples": 1,
        "augmentation.large_turns": "false",
        "augmentation.share_samples": "false",
        "classification.first_iterations": 1,
        "classification.correction_iterations": 1,
        "regression.first_iterations": 2,
    }
    network: NetworkConfig | PaperNetworkConfig
    if name == "paper":
        whole = PaperNetworkConfig()
        network = PaperNetworkConfig(
            depth=18,
            decoder_width=8,
            head_width=8,
            groups=2,
            coarse=replace(whole.coarse, channels=6),
            fine=replace(whole.fine, channels=4),
            regression_channels=4,
        )
    else:
        sizes = BackboneConfig(widths=(4, 6, 8), blocks=(1, 1, 1), decoder_width=6)
        network = replace(NetworkConfig(), backbone=sizes)
    torch.manual_seed(0)
    config = apply_settings(PRESETS[name].tracker, settings)
    return build_network(network).eval(), never_lost(config)


def never_lost(config: TrackerConfig) -> TrackerConfig:
    """With random weights scores mean nothing; a box shall be read in every frame."""
    return replace(
        config, localisation=replace(config.localisation, lost_threshold=0.0)
    )


def find_box(
    number: int, width: int, height: int, side: int
) -> tuple[float, float, float, float]:
    """Where the square is: on an ellipse around the middle, image pixels."""
    angle = number / 20
    x = width / 2 + 0.2 * width * math.cos(angle) - side / 2
    y = height / 2 + 0.2 * height * math.sin(angle) - side / 2
    return round(x), round(y), side, side


def paint_frame(number: int, width: int, height: int, side: int) -> NDArray[np.uint8]:
    """Paint the square with a texture of its own, uint8 RGB."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (9 + c) + y / 13) + np.sin(x * y / 900) for c in range(3)]
    image = 100 + 35 * np.stack(waves, -1)
    left, top, w, h = (int(value) for value in find_box(number, width, height, side))
    checks = ((x // 9 + y // 7) % 2)[:h, :w, None] * np.array([150, 90, 30])
    rings = 30 * np.sin((x[:h, :w, None] - w / 2) ** 2 / 90 + y[:h, :w, None] / 4)
    image[top : top + h, left : left + w] = 70 + checks + rings
    painted: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return painted


def list_parts(trial: Trial) -> dict[str, Callable[[], Facts]]:
    """All parts by name, what matters most first."""
    names = trial.names()
    parts: dict[str, Callable[[], Facts]] = {
        "device": lambda: describe_device(trial),
        "deform_conv": lambda: try_deform_conv(trial),
        "upload": lambda: try_upload(trial),
    }
    several = (2,) if trial.is_tiny else (4, 16)
    makers: dict[str, Callable[[Trial, str], Facts]] = {
        "parity": try_parity,
        "speed_1": partial(try_speed, n_targets=1),
        "half": try_half,
        "half_tracking": try_half_tracking,
        **{f"speed_{n}": partial(try_speed, n_targets=n) for n in several},
        "cuda_graph": try_cuda_graph,
        "compile": try_compile,
    }
    for (kind, make), name in itertools.product(makers.items(), names):
        parts[f"{kind}.{name}"] = partial(make, trial, name)
    return parts


# --- the parts -------------------------------------------------------------------


def describe_device(trial: Trial) -> Facts:
    """Say what computes and what is installed."""
    facts: Facts = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "cpu_threads": torch.get_num_threads(),
        "cpu_cores": os.cpu_count(),
        "replaced": trial.replaced,
        "missing": [name for name in OPTIONAL if not is_installed(name)],
        "tf32": {
            "matmul": torch.backends.cuda.matmul.allow_tf32,
            "convolution": torch.backends.cudnn.allow_tf32,
        },
        "networks": trial.names(),
    }
    if torch.cuda.is_available():
        told = torch.cuda.get_device_properties(0)
        facts["gpu"] = told.name
        facts["gpu_memory_gib"] = round(told.total_memory / 2**30, 1)
        facts["capability"] = f"{told.major}.{told.minor}"
    return facts


def try_parity(trial: Trial, name: str) -> Facts:
    """Compare features and boxes with those of the CPU."""
    patches, device = trial.patches(name, 2), trial.device
    expected = extract(trial.network(name), patches)
    facts: Facts = {}
    for tf32 in (False, True):
        with allow_tf32(tf32):
            network = trial.network(name).to(device)
            found = extract(network, patches.to(device))
        key = "features_tf32" if tf32 else "features"
        facts[key] = compare_features(expected, found)
    count = 2 if trial.is_tiny else 24 if name != "paper" else 10
    boxes = track(trial, trial.tracker(name, torch.device("cpu")), count)
    again = track(trial, trial.tracker(name, device), count)
    facts["boxes"] = compare_boxes(boxes, again)
    facts["truth_cpu"] = compare_boxes(true_boxes(trial, count), boxes)
    facts["truth_device"] = compare_boxes(true_boxes(trial, count), again)
    return facts


def try_speed(trial: Trial, name: str, n_targets: int) -> Facts:
    """Measure as `fcot bench` does."""
    from fcot_engine.evaluation import SpeedConfig, measure_speed

    frames = 2 if trial.is_tiny else 60
    staged = 1 if trial.is_tiny else 18  # one interval of learning
    config = SpeedConfig(
        frames=frames,
        repeats=1 if n_targets > 1 or trial.is_tiny else 2,
        staged_frames=staged if n_targets == 1 else 0,
    )
    device = trial.device
    tracker = trial.tracker(name, device)
    figures = measure_speed(
        tracker, trial.clip, config, n_targets=n_targets, device=device
    )
    return figures.to_facts()


PRECISIONS: dict[str, tuple[torch.dtype | None, torch.dtype | None]] = {
    "float32": (None, None),
    "autocast_bfloat16": (torch.bfloat16, None),
    "autocast_float16": (torch.float16, None),
    "bfloat16": (None, torch.bfloat16),
    "float16": (None, torch.float16),
}
"""Autocast to this type, or the whole network in that one."""


def try_half(trial: Trial, name: str) -> Facts:
    """Extract in half precision: how far from float32, and how fast."""
    device, facts = trial.device, Facts()
    batches, layouts = ((1,), (False,)) if trial.is_tiny else ((1, 16), (False, True))
    patches = trial.patches(name, batches[-1]).to(device)
    with allow_tf32(False):
        expected = extract(trial.network(name).to(device), patches[:1])
    for (key, (autocast, whole)), is_last in itertools.product(
        PRECISIONS.items(), layouts
    ):
        network, inputs = trial.network(name).to(device), patches
        if whole is not None:
            network, inputs = network.to(whole), inputs.to(whole)
        if is_last:
            network = network.to(memory_format=torch.channels_last)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        where = f"{key}_channels_last" if is_last else key
        try:
            found = extract(network, inputs[:1], autocast)
            facts[where] = compare_features(expected, found)
            for n in batches:
                call = partial(extract, network, inputs[:n], autocast)
                facts[where][f"ms_{n}"] = time_ms(trial, call)
        except RuntimeError as error:  # an operator without that type
            facts[where] = {"error": str(error).splitlines()[0]}
    return facts


def try_half_tracking(trial: Trial, name: str) -> Facts:
    """Track with half-precision features: are the boxes those of float32?"""
    device, count = trial.device, 2 if trial.is_tiny else 40
    truth = true_boxes(trial, count)
    expected = track(trial, trial.tracker(name, device), count)
    facts: Facts = {"float32": {"truth": compare_boxes(truth, expected)}}
    dtypes = (torch.bfloat16,) if trial.is_tiny else (torch.bfloat16, torch.float16)
    for dtype in dtypes:
        tracker = trial.tracker(name, device, with_half(trial.network(name), dtype))
        found = track(trial, tracker, count)
        facts[str(dtype).removeprefix("torch.")] = {
            "float32": compare_boxes(expected, found),
            "truth": compare_boxes(truth, found),
        }
    return facts


def with_half(network: FcotNet, dtype: torch.dtype) -> FcotNet:
    """Let tracked frames be extracted under autocast; learning stays as it is."""
    whole = network.extract

    def extract_half(images: Tensor) -> Features:
        with torch.autocast(images.device.type, dtype=dtype):
            found = whole(images)
        return type(found)._make(m if m is None else m.float() for m in found)

    network.extract = extract_half  # type: ignore[method-assign]
    return network


def try_deform_conv(trial: Trial) -> Facts:
    """Compare our deformable convolution, its own way, with torchvision's."""
    if not is_installed("torchvision"):
        raise SkippedError("no torchvision")
    from torchvision.ops import deform_conv2d

    from fcot_engine.ops import modulated_deform_conv2d

    facts, generator = Facts(), torch.Generator().manual_seed(0)
    channels, sides = (8, (6,)) if trial.is_tiny else (128, (18, 72))

    def make(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(trial.device)

    for side, n in itertools.product(sides, (1, 4)):
        features, offsets = make(n, channels, side, side), 2 * make(n, 18, side, side)
        modulation = make(n, 9, side, side).sigmoid()
        weight = make(channels, channels, 3, 3) / (3 * channels**0.5)
        plain = features.as_subclass(NotOnCuda)
        ours = partial(modulated_deform_conv2d, plain, offsets, modulation, weight)
        theirs = partial(
            deform_conv2d, features, offsets, weight, padding=1, mask=modulation
        )
        with allow_tf32(False), torch.inference_mode():
            expected = theirs()
            facts[f"{n}x{channels}x{side}x{side}"] = {
                "max_difference": float((ours() - expected).abs().max()),
                "largest": float(expected.abs().max()),
                "ours_ms": time_ms(trial, ours),
                "torchvision_ms": time_ms(trial, theirs),
            }
    return facts


class NotOnCuda(Tensor):
    """Takes the way for other devices through `modulated_deform_conv2d`."""

    is_cuda = False


def try_upload(trial: Trial) -> Facts:
    """Bring frames to the GPU from ordinary and from pinned memory."""
    check_cuda(trial)
    facts = Facts()
    for width, height in ((640, 360), (1920, 1080), (3840, 2160)):
        frame = np.zeros((height, width, 3), np.uint8)
        plain = torch.from_numpy(frame)
        pinned = torch.empty_like(plain, pin_memory=True)
        upload = partial(Tensor.to, device="cuda", non_blocking=True)
        facts[f"{width}x{height}"] = {
            "plain_ms": time_ms(trial, partial(upload, plain)),
            "pinned_ms": time_ms(trial, partial(upload, pinned)),
            "copy_to_pinned_ms": time_ms(trial, partial(pinned.copy_, plain)),
        }
    return facts


def try_cuda_graph(trial: Trial, name: str) -> Facts:
    """Replay `extract` as a CUDA graph."""
    check_cuda(trial)
    facts = Facts()
    for n in (1, 4, 16):
        network = trial.network(name).to("cuda")
        patches = trial.patches(name, n).to("cuda")
        expected = extract(network, patches)
        inputs = torch.zeros_like(patches)
        with torch.inference_mode():
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(3):
                    network.extract(inputs)
            torch.cuda.current_stream().wait_stream(aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                outputs = network.extract(inputs)
            inputs.copy_(patches)
            graph.replay()
            torch.cuda.synchronize()
            facts[f"batch_{n}"] = {
                **compare_features(expected, outputs),
                "eager_ms": time_ms(trial, partial(extract, network, patches)),
                "graph_ms": time_ms(trial, graph.replay),
            }
    return facts


def try_compile(trial: Trial, name: str) -> Facts:
    """Compile `extract`; on the CPU its graph is only traced, of one network."""
    if trial.is_tiny and name == "paper":
        raise SkippedError("one is enough")
    device, n = trial.device, 1
    network = trial.network(name).to(device)
    patches = trial.patches(name, n).to(device)
    expected = extract(network, patches)
    backend = "eager" if trial.is_tiny else "inductor"
    compiled = torch.compile(network.extract, backend=backend)
    with torch.inference_mode():
        start = time.perf_counter()
        found = compiled(patches)
        first_s = time.perf_counter() - start
        return {
            "backend": backend,
            "first_call_s": round(first_s, 2),
            **compare_features(expected, found),
            "eager_ms": time_ms(trial, partial(extract, network, patches)),
            "compiled_ms": time_ms(trial, partial(compiled, patches)),
        }


# --- helpers ---------------------------------------------------------------------


def check_cuda(trial: Trial) -> None:
    """Leave the part out where there is no GPU to try."""
    if trial.device.type != "cuda":
        raise SkippedError("no CUDA")


@torch.inference_mode()
def extract(
    network: FcotNet, patches: Tensor, autocast: torch.dtype | None = None
) -> Features:
    """Features of some patches."""
    with torch.autocast(
        patches.device.type, dtype=autocast, enabled=autocast is not None
    ):
        return network.extract(patches)


@contextlib.contextmanager
def allow_tf32(is_allowed: bool) -> Iterator[None]:
    """Whether the GPU may round products to ten bits of mantissa, in a block."""
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, convolution.allow_tf32
    matmul.allow_tf32 = convolution.allow_tf32 = is_allowed
    try:
        yield
    finally:
        matmul.allow_tf32, convolution.allow_tf32 = before


def time_ms(trial: Trial, call: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of a call: waited for each time, and in a row without waiting."""
    n_calls, n_before = (1, 0) if trial.is_tiny else (30, 5)
    for _ in range(n_before):
        call()
    wait_for(trial.device)
    single = []
    for _ in range(n_calls):
        start = time.perf_counter()
        call()
        wait_for(trial.device)
        single.append(time.perf_counter() - start)
    start = time.perf_counter()
    for _ in range(n_calls):
        call()
    wait_for(trial.device)
    row_s = (time.perf_counter() - start) / n_calls
    return {
        "median": round(float(np.median(single)) * 1e3, 4),
        "in_a_row": round(row_s * 1e3, 4),
    }


def wait_for(device: torch.device) -> None:
    """Until the GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def compare_features(expected: Features, found: Features) -> Facts:
    """Largest and root mean square difference over the root mean square, by map."""
    facts = Facts()
    for name, a, b in zip(expected._fields, expected, found, strict=True):
        if a is None or b is None:
            continue
        a64, b64 = a.detach().double().cpu(), b.detach().double().cpu()
        size, apart = a64.square().mean().sqrt(), b64 - a64
        facts[name] = {
            "rms": float(f"{float(apart.square().mean().sqrt() / size):.3g}"),
            "max": float(f"{float(apart.abs().max() / size):.3g}"),
        }
    return {"difference": facts}


def track(
    trial: Trial, tracker: MultiTracker[int], count: int
) -> list[tuple[float, ...]]:
    """Boxes of `count` frames, with a correction in the middle."""
    clip, boxes = trial.clip, []
    tracker.init(0, clip.at(0), clip.box_xywh)
    for number in range(1, count + 1):
        place = number % len(clip.frames)
        if number == count // 2:
            tracker.correct(0, clip.frames[place], trial.true_box(place))
        boxes.append(tracker.track(clip.frames[place])[0].box_xywh)
    return [tuple(box) for box in boxes]


def true_boxes(trial: Trial, count: int) -> list[tuple[float, ...]]:
    """The boxes that `track` should find."""
    n_frames = len(trial.clip.frames)
    return [trial.true_box(number % n_frames) for number in range(1, count + 1)]


def compare_boxes(a: list[tuple[float, ...]], b: list[tuple[float, ...]]) -> Facts:
    """IoU of paired boxes."""
    from fcot_engine.geometry import box_iou, xywh_to_xyxy

    pairs = [xywh_to_xyxy(torch.tensor(x, dtype=torch.float64)) for x in (a, b)]
    ious = box_iou(*pairs).tolist()
    return {
        "mean_iou": round(sum(ious) / len(ious), 5),
        "least_iou": round(min(ious), 5),
        "ious": [round(value, 4) for value in ious],
    }


if __name__ == "__main__":
    main()
