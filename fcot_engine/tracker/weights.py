"""Weights of presets: where they are, what they score, and how they get there.

The figures of `base.safetensors` are in `base.scores.json`. That file holds the digest
of the tensors that were measured: figures of other weights are not shown as theirs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from fcot_engine.config import find_preset
from fcot_engine.errors import WeightsError
from fcot_engine.model import load_network, network_kind, read_contents


def package_folder() -> Path:
    """The folder of the weights that come with the package."""
    return Path(__file__).resolve().parent.parent / "weights"


def user_folder() -> Path:
    """The folder of the weights that a user installed; it need not be there.

    `FCOT_WEIGHTS` names another one.
    """
    chosen = os.environ.get("FCOT_WEIGHTS")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("napari-fcot", appauthor=False) / "weights"


def find_weights(preset: str) -> Path | None:
    """Path of a preset's weights, those of the package first; None if there are none.

    Raises:
        ConfigError: no such preset.
    """
    name = find_preset(preset).weights_name
    for folder in (package_folder(), user_folder()):
        path = folder / name
        if path.is_file():
            return path
    return None


def default_weights(preset: str) -> Path:
    """Path of a preset's weights.

    Raises:
        ConfigError: no such preset.
        WeightsError: they are not installed.
    """
    path = find_weights(preset)
    if path is None:
        raise WeightsError(
            f"The weights of preset {preset!r} are not installed: "
            f"{find_preset(preset).weights_name} is neither in the package nor in "
            f"{user_folder()}. `fcot weights get {preset}` says where they come from; "
            "or name a weights file, or take preset 'lite'."
        )
    return path


@dataclass(frozen=True, kw_only=True)
class DeviceSpeed:
    """How fast tracking was on one device."""

    kind: str
    """ "cpu", "cuda" or "mps"."""
    name: str
    """The device in words."""
    frames_per_s: float
    """Frames tracked a second, one target."""

    def __post_init__(self) -> None:
        if self.frames_per_s <= 0:
            raise ValueError(f"frames_per_s must be above 0, got {self.frames_per_s}")


@dataclass(frozen=True, kw_only=True)
class WeightsScores:
    """Figures of `fcot eval`, means over sequences."""

    tensors_sha256: str
    """Digest of the tensors that were measured, see `model.weights_contents`."""
    auc: float
    p20: float | None = None
    sr50: float | None = None
    effort: dict[str, float] = dataclasses.field(default_factory=dict)
    """Boxes drawn per 100 frames by the IoU that was asked for."""
    sequences: int
    """How many were tracked."""
    frames: int
    """Frames in all of them."""
    date: str
    """Of the measurement, as YYYY-MM-DD."""
    note: str = ""
    """What else one should know."""
    speeds: tuple[DeviceSpeed, ...] = ()
    """One for each device that was measured."""

    def __post_init__(self) -> None:
        for name in ("auc", "p20", "sr50"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {value}")

    def is_comparable(self, other: WeightsScores) -> bool:
        """Whether both were measured on as many sequences and frames."""
        return (self.sequences, self.frames) == (other.sequences, other.frames)

    def speed_on(self, kind: str) -> float | None:
        """Fastest measured speed on a kind of device, frames/s; None if unknown."""
        known = [speed.frames_per_s for speed in self.speeds if speed.kind == kind]
        return max(known, default=None)


def scores_path(weights: Path) -> Path:
    """Where the figures of a weights file are."""
    return weights.with_suffix(".scores.json")


def read_scores(weights: Path) -> WeightsScores | None:
    """Read the figures of a weights file.

    Returns:
        None where nothing was measured, or where other weights were.

    Raises:
        WeightsError: the file of figures, or that of the weights, is damaged.
    """
    path = scores_path(weights)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    try:
        raw: dict[str, Any] = json.loads(text)
        speeds = tuple(DeviceSpeed(**speed) for speed in raw.pop("speeds", ()))
        scores = WeightsScores(**raw, speeds=speeds)
    except (TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} holds no figures of weights: {error}. Remove it, or write it "
            "again with `fcot weights score`."
        ) from error
    if scores.tensors_sha256 != read_contents(weights).sha256:
        return None
    return scores


def write_scores(weights: Path, scores: WeightsScores) -> Path:
    """Write figures beside their weights; returns the file.

    Raises:
        WeightsError: it cannot be written.
    """
    path = scores_path(weights)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(
            json.dumps(dataclasses.asdict(scores), indent=1) + "\n", encoding="utf-8"
        )
        draft.replace(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error}.") from error
    return path


MOST_BYTES = 512 * 2**20
"""Larger files are no weights of ours."""
WAIT_S = 30.0
_CHUNK_BYTES = 2**20

OnProgress = Callable[[int], None]
"""Called with the bytes that have come."""


@dataclass(frozen=True)
class InstalledWeights:
    """What was installed."""

    path: Path
    sha256: str
    """Of the whole file."""
    has_scores: bool
    """Whether its figures came with it."""


def install_weights(
    preset: str,
    source: str,
    *,
    sha256: str | None = None,
    on_progress: OnProgress | None = None,
) -> InstalledWeights:
    """Copy or fetch weights into the user's folder.

    They are installed only if they are whole and belong to the preset: digest, names,
    shapes and values. What was there before stays until then.

    Args:
        preset: what the weights are for.
        source: a weights file; a folder with `<preset>.safetensors`; or the address of
            a file (https). Figures in `<preset>.scores.json` beside a file come along.
        sha256: refuse any other file than the one with this digest. Without it, a file
            `<preset>.safetensors.sha256` beside the weights counts, if there is one.
        on_progress: told how far a download is.

    Raises:
        ConfigError: no such preset.
        WeightsError: there is nothing at `source`, it is damaged or of another preset,
            or it cannot be written.
    """
    target = user_folder() / find_preset(preset).weights_name
    draft = target.with_name(f".{target.stem}.{os.getpid()}.safetensors")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if "://" in source:
            _fetch(source, draft, on_progress)
            beside = None
        else:
            beside = _find_file(Path(source).expanduser(), target.name)
            shutil.copyfile(beside, draft)
        digest = _digest(draft)
        wanted = sha256 or _read_digest(beside)
        if wanted is not None and digest != wanted.lower():
            raise WeightsError(
                f"{source} has the SHA-256 {digest}, expected {wanted.lower()}. "
                "It is another file or damaged; fetch it again."
            )
        _check_kind(draft, preset, source)
        has_scores = _copy_scores(beside, draft)
        draft.replace(target)
        if has_scores:
            scores_path(draft).replace(scores_path(target))
    except OSError as error:
        raise WeightsError(
            f"The weights cannot be installed in {target.parent}: {error}. Set "
            "FCOT_WEIGHTS to a folder that can be written to."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
            scores_path(draft).unlink(missing_ok=True)
    return InstalledWeights(target, digest, has_scores)


def _find_file(source: Path, name: str) -> Path:
    path = source / name if source.is_dir() else source
    if not path.is_file():
        raise WeightsError(
            f"There is no file {path}. Name a weights file, a folder that holds "
            f"{name}, or an address that begins with https://."
        )
    return path


def _fetch(address: str, target: Path, on_progress: OnProgress | None) -> None:
    if not address.startswith("https://"):
        raise WeightsError(
            f"Weights are fetched through https:// only, got {address!r}. Fetch the "
            "file by other means and name it with --from."
        )
    received = 0
    try:
        with (
            urllib.request.urlopen(address, timeout=WAIT_S) as answer,
            target.open("wb") as file,
        ):
            if not answer.geturl().startswith("https://"):
                raise WeightsError(f"{address} leads to {answer.geturl()}, not https.")
            while chunk := answer.read(_CHUNK_BYTES):
                received += len(chunk)
                if received > MOST_BYTES:
                    raise WeightsError(
                        f"{address} is larger than {MOST_BYTES >> 20} MiB: these are "
                        "no weights of ours."
                    )
                file.write(chunk)
                if on_progress is not None:
                    on_progress(received)
    except (urllib.error.URLError, TimeoutError) as error:
        raise WeightsError(
            f"{address} cannot be fetched: {error}. Without a network, bring the file "
            "here by other means and name it with --from."
        ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_digest(weights: Path | None) -> str | None:
    """First word of the digest file beside the weights, as `sha256sum` writes it."""
    if weights is None:
        return None
    path = weights.with_name(f"{weights.name}.sha256")
    if not path.is_file():
        return None
    words = path.read_text(encoding="utf-8", errors="replace").split()
    if not words:
        raise WeightsError(f"{path} is empty; remove it, or fetch it again.")
    return words[0]


def _check_kind(path: Path, preset: str, source: str) -> None:
    """Refuse damaged weights, and those of another preset."""
    try:
        found = network_kind(load_network(path).config)
    except WeightsError as error:
        raise WeightsError(str(error).replace(str(path), source)) from error
    wanted = network_kind(find_preset(preset).network)
    if found != wanted:
        raise WeightsError(
            f"{source} holds weights for preset {found!r}, not {preset!r}. "
            f"Install them with `fcot weights get {found} --from ...`."
        )


def _copy_scores(weights: Path | None, draft: Path) -> bool:
    """Take the figures beside the weights along, if they are about them."""
    if weights is None or not scores_path(weights).is_file():
        return False
    shutil.copyfile(scores_path(weights), scores_path(draft))
    if read_scores(draft) is None:
        scores_path(draft).unlink()
        return False
    return True
