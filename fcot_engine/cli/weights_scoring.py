"""`fcot weights score`: write down beside weights what `fcot eval` measured of them."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.errors import WeightsError

if TYPE_CHECKING:
    from fcot_engine.evaluation import EvaluationReport

__all__ = ["add_score_arguments", "score_weights"]


def add_score_arguments(part: argparse.ArgumentParser) -> None:
    """Declare the options."""
    part.add_argument("which", metavar="FILE|PRESET", help="a file or a preset")
    part.add_argument(
        "--report",
        type=Path,
        required=True,
        metavar="JSON",
        help="what `fcot eval ... --out JSON` wrote with these weights",
    )
    part.add_argument(
        "--measured-on",
        metavar="DEVICE",
        help="cpu, cuda or mps: also keep the speed, measured on that device of this "
        "machine while it had nothing else to do",
    )
    part.add_argument("--note", default="", help="what else one should know")


def score_weights(
    args: argparse.Namespace, weights: Path
) -> tuple[dict[str, Any], list[str]]:
    """Write the figures; speeds on other devices are kept."""
    from fcot_engine.model import read_contents
    from fcot_engine.tracker import (
        DeviceSpeed,
        WeightsScores,
        choose_device,
        name_device,
        read_scores,
        write_scores,
    )

    report = _read_report(args.report)
    mean = report.mean
    if mean.auc is None:
        raise WeightsError(f"{args.report} holds no AUC. Run `fcot eval` with --out.")
    before = read_scores(weights)
    speeds = {} if before is None else {speed.name: speed for speed in before.speeds}
    if args.measured_on is not None and mean.frames_per_second is not None:
        device = choose_device(args.measured_on)
        name = name_device(device)
        speeds[name] = DeviceSpeed(
            kind=device.type, name=name, frames_per_s=round(mean.frames_per_second, 1)
        )
    scores = WeightsScores(
        tensors_sha256=read_contents(weights).sha256,
        auc=round(mean.auc, 4),
        p20=None if mean.p20 is None else round(mean.p20, 4),
        sr50=None if mean.sr50 is None else round(mean.sr50, 4),
        effort={name: round(value, 2) for name, value in mean.effort.items()},
        sequences=len(report.scores),
        frames=mean.n_frames,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        note=args.note,
        speeds=tuple(speeds.values()),
    )
    if before is not None and not scores.effort:
        scores = replace(scores, effort=before.effort)
    path = write_scores(weights, scores)
    line = f"AUC {scores.auc:.3f} on {scores.sequences} sequences"
    return {"file": str(path), "auc": scores.auc}, [f"Written: {path} ({line})"]


def _read_report(path: Path) -> EvaluationReport:
    from fcot_engine.evaluation import EvaluationReport

    try:
        return EvaluationReport.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is no report of `fcot eval`: {error!r}. Write one with --out."
        ) from error
