"""`fcot bench`: how fast tracking is on this machine."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.cli.info_command import read_version
from fcot_engine.cli.options import add_set_option, parse_box, parse_names
from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.cli.results import print_json, save_figure
from fcot_engine.errors import BoxError, ConfigError

if TYPE_CHECKING:
    import torch

    from fcot_engine.evaluation import (
        Clip,
        LongBlock,
        Peer,
        SpeedConfig,
        SpeedFigures,
    )
    from fcot_engine.tracker import MultiTracker

EXAMPLES = """\
  fcot bench
  fcot bench --preset lite --targets 1,4,16 --score-maps
  fcot bench dog.mp4 --box 120,80,64,48 --device cpu,cuda --json
  fcot bench --preset lite --against csrt,nano --nano-model nanotrack/ --threads 1
  fcot bench --preset lite --frames 20 --repeats 1 --long 5000 --plot long.svg

Without a video it tracks the sample, 640x360 pixels in memory. Whole steps are timed,
learning included; the stages of a step are measured in a pass of their own. With more
targets each is the same object, so that each costs the same. docs/performance.md says
what each figure means.

--against takes turns with OpenCV's trackers (pip install
opencv-contrib-python-headless): csrt, and nano, which needs the folder with its two
files nanotrack_backbone_sim.onnx and nanotrack_head_sim.onnx."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot bench`."""
    add = parser.add_argument
    add("video", type=Path, nargs="?", metavar="VIDEO", help="your own (the sample)")
    add(
        "--box",
        type=parse_box,
        metavar="X,Y,W,H",
        help="the object in its first frame: left, top, width, height in pixels",
    )
    add(
        "--preset",
        type=parse_names,
        metavar="A,B",
        help="out of lite, base, paper (those whose weights are there)",
    )
    add(
        "--device",
        type=parse_names,
        default=("auto",),
        metavar="A,B",
        help="out of auto, cpu, cuda, mps (auto)",
    )
    add(
        "--targets",
        type=_parse_counts,
        default=(1,),
        metavar="A,B",
        help="how many objects at once, such as 1,4,16 (1)",
    )
    add(
        "--score-maps",
        action="store_true",
        help="measure once more with score maps kept, as the heatmap needs them",
    )
    add("--frames", type=_parse_count, default=100, metavar="N", help="of a pass (100)")
    add("--repeats", type=_parse_count, default=3, metavar="N", help="passes (3)")
    add(
        "--threads",
        type=_parse_count,
        metavar="N",
        help="threads that compute (as it is)",
    )
    add(
        "--against",
        type=parse_names,
        default=(),
        metavar="A,B",
        help="out of csrt, nano: OpenCV's trackers over the same frames, in turns",
    )
    add("--nano-model", type=Path, metavar="FOLDER", help="networks of nano, see below")
    add(
        "--long",
        type=_parse_count,
        metavar="N",
        help="also track N frames in one go, and show time and memory along the way",
    )
    add(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw what --long found there: .svg, .png or .pdf",
    )
    add_set_option(parser)
    add("--json", action="store_true", help="print all figures as JSON")


@dataclass(frozen=True)
class _Case:
    """One tracker that is measured."""

    preset: str
    device: torch.device
    n_targets: int
    keep_score_maps: bool
    changes: tuple[tuple[str, str], ...]

    def make_tracker(self) -> MultiTracker[int]:
        from fcot_engine.tracker import MultiTracker

        return MultiTracker[int].from_preset(
            self.preset,
            settings=dict(self.changes),
            device=str(self.device),
            keep_score_maps=self.keep_score_maps,
        )


@dataclass(frozen=True)
class _Run:
    """What was found for one of them."""

    case: _Case
    weights: str
    """Their file and digest."""
    device_name: str
    figures: SpeedFigures
    long: tuple[LongBlock, ...] = ()

    @property
    def title(self) -> str:
        case = self.case
        maps = " with score maps" if case.keep_score_maps else ""
        many = "" if case.n_targets == 1 else f" x{case.n_targets}"
        return f"{case.preset}{many} {case.device}{maps}"

    def to_facts(self) -> dict[str, Any]:
        facts = {
            "preset": self.case.preset,
            "weights": self.weights,
            "device": str(self.case.device),
            "device_name": self.device_name,
            "targets": self.case.n_targets,
            "score_maps": self.case.keep_score_maps,
            **self.figures.to_facts(),
        }
        if self.long:
            facts["long"] = [vars(block) for block in self.long]
        return facts


def run(args: argparse.Namespace) -> int:
    """Measure and show; returns the exit code.

    Ctrl-C shows what is complete.

    Raises:
        FcotError: a preset, device, tracker of others or video is not there, or the
            plot cannot be written.
    """
    from fcot_engine.evaluation import SpeedConfig, draw_long, find_peers, use_threads

    _check_options(args)
    peers = find_peers(args.against, nano_model=args.nano_model)
    cases = list(_list_cases(args))
    config = SpeedConfig(frames=args.frames, repeats=args.repeats)
    with use_threads(args.threads):
        machine = _describe_machine(bool(peers))
        clip = _load_clip(args)
        runs: list[_Run] = []
        code = 0
        try:
            _measure_all(cases, clip, config, peers, args.long, runs.append)
        except KeyboardInterrupt:
            if not runs:
                raise
            print(f"Interrupted after {len(runs)} trackers.", file=sys.stderr)
            code = 130
    if args.json:
        print_json(
            {
                "machine": machine,
                "video": clip.to_facts(),
                "config": vars(config),
                "presets": _choose_plainest(runs),
                "runs": [run.to_facts() for run in runs],
            }
        )
    else:
        print("\n".join(_tabulate(machine, clip, runs)))
    if args.plot is not None:
        passes = {run.title: run.long for run in runs if run.long}
        save_figure(draw_long(passes), args.plot)
    return code


def _choose_plainest(runs: Sequence[_Run]) -> dict[str, Any]:
    """By preset, the first run: the fewest objects, the first device."""
    plainest: dict[str, Any] = {}
    for run in runs:
        facts = run.to_facts()
        plainest.setdefault(facts["preset"], facts)
    return plainest


def _check_options(args: argparse.Namespace) -> None:
    from fcot_engine.evaluation import N_BLOCKS

    if args.video is None and args.box is not None:
        raise BoxError("--box belongs to a video: the sample has its own. Name both.")
    if args.video is not None and args.box is None:
        raise BoxError(
            f"The object in {args.video.name} must be given: add --box X,Y,W,H, its "
            "left, top, width and height in pixels of the first frame."
        )
    if args.plot is not None and args.long is None:
        raise ConfigError("--plot draws what --long N finds: add it.")
    if args.long is not None and args.long < N_BLOCKS:
        raise ConfigError(f"--long needs at least {N_BLOCKS} frames: {args.long}.")


def _list_cases(args: argparse.Namespace) -> Iterator[_Case]:
    """Everything that was asked for.

    Raises:
        ConfigError: an unknown preset, or there is no such device.
        WeightsError: the weights of a preset that was named are not there.
    """
    from fcot_engine.config import PRESETS
    from fcot_engine.tracker import choose_device, default_weights, find_weights

    presets = args.preset
    if presets is None:
        presets = [name for name in PRESETS if find_weights(name) is not None]
    for preset in presets:
        default_weights(preset)
    for device in map(choose_device, args.device):
        for preset in presets:
            for keep_score_maps in (False, True)[: 1 + args.score_maps]:
                for n_targets in args.targets:
                    yield _Case(
                        preset,
                        device,
                        n_targets,
                        keep_score_maps,
                        tuple(args.changes),
                    )


def _load_clip(args: argparse.Namespace) -> Clip:
    from fcot_engine.evaluation import make_sample_clip, read_clip

    n_frames = args.frames + 3  # the first box takes two, the correction one
    if args.video is None:
        return make_sample_clip(n_frames)
    return read_clip(args.video, args.box, n_frames)


def _measure_all(
    cases: Sequence[_Case],
    clip: Clip,
    config: SpeedConfig,
    peers: Mapping[str, Callable[[], Peer]],
    n_long: int | None,
    on_run: Callable[[_Run], None],
) -> None:
    from fcot_engine.evaluation import measure_long, measure_speed

    steps = [config.count_steps(case.n_targets) + (n_long or 0) for case in cases]
    with show_progress("Measuring", sum(steps)) as advance:
        for case in cases:

            def tell(title: str = case.preset) -> None:
                advance(title, None)

            tracker = case.make_tracker()
            figures = measure_speed(
                tracker,
                clip,
                config,
                n_targets=case.n_targets,
                peers=peers,
                device=case.device,
                on_step=tell,
            )
            blocks: tuple[LongBlock, ...] = ()
            if n_long is not None:
                blocks = measure_long(
                    tracker, clip, n_long, device=case.device, on_step=tell
                )
            on_run(
                _Run(case, tracker.maker.weights, tracker.device_name, figures, blocks)
            )


# --- what is shown ---------------------------------------------------------------


def _describe_machine(has_peers: bool) -> dict[str, Any]:
    """Say what a figure depends on."""
    import torch

    facts = {
        "cpu": _read_cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "version": read_version("napari-fcot"),
        "commit": _read_commit(),
        "date": datetime.date.today().isoformat(),
    }
    if has_peers:
        facts["opencv"] = sys.modules["cv2"].__version__
        facts["opencv_threads"] = sys.modules["cv2"].getNumThreads()
    return facts


def _read_cpu_name() -> str:
    """Return the model's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1] for line in lines if line.startswith("model name")]
    return names[0].strip() if names else platform.processor() or platform.machine()


def _read_commit() -> str | None:
    """Return the commit that runs, None where it is no checkout."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    try:
        told = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()


def _tabulate(
    machine: Mapping[str, Any], clip: Clip, runs: Sequence[_Run]
) -> list[str]:
    """Write tables: steps, stages, memory, and long passes if there are any."""
    height, width = clip.frames[0].shape[:2]
    commit = machine["commit"] or machine["version"]
    lines = [
        (
            f"{machine['cpu']}, {machine['threads']} of {machine['cores']} threads, "
            f"torch {machine['torch']}, commit {commit}, {machine['date']}"
        ),
        f"{clip.name}, {width}x{height}, {len(clip.frames)} frames; times in ms",
    ]
    lines += ["", *_align(_list_steps(runs))]
    lines += ["", "Where the time of a tracked frame goes, ms", ""]
    lines += _align(_list_stages(runs))
    lines += ["", "Memory, MiB", "", *_align(_list_memory(runs))]
    for run in runs:
        if run.long:
            lines += ["", f"A long pass, {run.title}", "", *_align(_list_long(run))]
    return lines


def _list_steps(runs: Sequence[_Run]) -> Iterator[list[str]]:
    yield ["", "frames/s", "mean", "median", "p95", "p99", "ours over theirs", "lost"]
    for run in runs:
        figures = run.figures
        for name, timings in (
            ("tracked frame", figures.track),
            ("first box", figures.first_box),
            ("correction", figures.correction),
        ):
            is_track = timings is figures.track
            lost = str(figures.n_lost) if is_track else ""
            yield [f"{run.title}, {name}", *_cells(timings.to_facts()), "", lost]
        for name, peer in figures.peers.items():
            low, high = peer.ratio_quartiles
            ratio = f"{peer.ratio:.2f} ({low:.2f} to {high:.2f})"
            yield [f"  against {name}", *_cells(peer.track.to_facts()), ratio, ""]


def _cells(facts: Mapping[str, float]) -> list[str]:
    names = ("frames_per_s", "mean_ms", "median_ms", "p95_ms", "p99_ms")
    return [f"{facts[name]:.1f}" for name in names]


def _list_stages(runs: Sequence[_Run]) -> Iterator[list[str]]:
    yield ["", *runs[0].figures.stages] if runs else [""]
    for run in runs:
        stages = run.figures.stages.values()
        yield [run.title, *(f"{ms:.2f}" for ms in stages)]


def _list_memory(runs: Sequence[_Run]) -> Iterator[list[str]]:
    yield ["", "features kept", "process, most", "GPU, most"]
    for run in runs:
        memory = run.figures.memory
        held = (memory.tracker, memory.peak_rss, memory.peak_device)
        yield [run.title, *(_number(_to_mib(size), 1) for size in held)]


def _list_long(run: _Run) -> Iterator[list[str]]:
    yield ["until frame", "mean ms", "process MiB", "features kept MiB"]
    for block in run.long:
        held = (_number(_to_mib(size), 1) for size in (block.rss, block.tracker))
        yield [str(block.last_frame), f"{block.mean_ms:.1f}", *held]


def _to_mib(size: int | None) -> float | None:
    return None if size is None else size / 2**20


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _align(rows: Iterator[list[str]]) -> list[str]:
    """Pad the cells: the first column to the left, the others to the right."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in table
    ]


# --- options ---------------------------------------------------------------------


def _parse_count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, got {text!r}")
    return count


def _parse_counts(text: str) -> tuple[int, ...]:
    return tuple(_parse_count(part) for part in text.split(","))
