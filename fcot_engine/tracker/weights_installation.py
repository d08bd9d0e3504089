"""Putting a preset's weights into the user's folder, checked before they are used."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.config import find_preset
from fcot_engine.errors import WeightsError
from fcot_engine.model import load_network, network_kind
from fcot_engine.tracker.installed_weights import user_folder
from fcot_engine.tracker.weights_scores import read_scores, scores_path

__all__ = ["InstalledWeights", "install_weights"]

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
