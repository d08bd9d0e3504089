"""Which video a project belongs to, so that boxes never land on another one."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fcot_engine.errors import ProjectError
from fcot_engine.video import FrameSource

_END_BYTES = 2**20
_TIME_STEP_S = 1e-4


@dataclass(frozen=True)
class VideoIdentity:
    """What makes a video the same video, wherever its file lies."""

    kind: Literal["file", "folder", "frames"]
    """A file, a folder of images, or frames without a file such as a napari layer."""
    name: str
    """File name, for messages; a renamed file is the same video."""
    n_frames: int
    width: int
    height: int
    size_bytes: int
    """Of the file or of all images; 0 without a file."""
    ends_hash: str
    """SHA-256 of the first and the last MiB, or of the first and last frame's pixels;
    for a folder, of all names and sizes and of the two images at its ends."""
    times_hash: str | None = None
    """SHA-256 of the presentation times of all frames, None where there are none."""

    def differences(self, other: VideoIdentity) -> tuple[str, ...]:
        """Say in words how another video differs; empty if it is the same one."""
        found = []
        if other.kind != self.kind:
            found.append(f"it is a {other.kind}, not a {self.kind}")
        if other.n_frames != self.n_frames:
            found.append(f"it has {other.n_frames} frames, not {self.n_frames}")
        if (other.width, other.height) != (self.width, self.height):
            found.append(
                f"its frames are {other.width}x{other.height}, "
                f"not {self.width}x{self.height}"
            )
        if other.times_hash != self.times_hash:
            found.append("its frames are shown at other times")
        if other.size_bytes != self.size_bytes:
            found.append(f"it has {other.size_bytes} bytes, not {self.size_bytes}")
        elif other.ends_hash != self.ends_hash:
            found.append("its content is another one")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Return the identity as a JSON value."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> VideoIdentity:
        """Read what `to_json` wrote.

        Raises:
            ProjectError: it is something else.
        """
        try:
            return cls(**{entry.name: written[entry.name] for entry in fields(cls)})
        except (KeyError, TypeError) as error:
            raise ProjectError(
                "The project does not say which video it belongs to. Restore a copy "
                "of it."
            ) from error


def identify_video(source: FrameSource, path: Path | None = None) -> VideoIdentity:
    """Describe a video so that it is known again.

    Args:
        source: its frames.
        path: its file or folder; None for frames that come from elsewhere, such as a
            layer.

    Raises:
        ProjectError: the file cannot be read.
        FrameError: without a file, the first or the last frame cannot be read.
    """
    kind: Literal["file", "folder", "frames"] = "frames"
    try:
        if path is None:
            size, ends = 0, _hash_frames(source)
        elif path.is_dir():
            kind = "folder"
            size, ends = _hash_folder(path)
        else:
            kind = "file"
            size, ends = _hash_file(path)
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be read: {error.strerror}. Check its permissions."
        ) from error
    return VideoIdentity(
        kind=kind,
        name=source.name if path is None else path.name,
        n_frames=len(source),
        width=source.width,
        height=source.height,
        size_bytes=size,
        ends_hash=ends,
        times_hash=_hash_times(source),
    )


def _hash_file(path: Path) -> tuple[int, str]:
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        digest.update(stream.read(_END_BYTES))
        stream.seek(max(size - _END_BYTES, 0))
        digest.update(stream.read(_END_BYTES))
    return size, digest.hexdigest()


def _hash_folder(path: Path) -> tuple[int, str]:
    from fcot_engine.video import list_images

    files = list_images(path)
    digest, total = hashlib.sha256(), 0
    for file in files:
        size = file.stat().st_size
        total += size
        digest.update(f"{file.name}\0{size}\n".encode(errors="surrogateescape"))
    for file in (files[0], files[-1]):
        digest.update(_hash_file(file)[1].encode())
    return total, digest.hexdigest()


def _hash_frames(source: FrameSource) -> str:
    digest = hashlib.sha256()
    for index in (0, len(source) - 1):
        digest.update(np.ascontiguousarray(source.read(index)).tobytes())
    return digest.hexdigest()


def _hash_times(source: FrameSource) -> str | None:
    """Hash when frames are shown, in steps of 0.1 ms from the first one on."""
    times_s = getattr(source, "frame_times_s", None)
    if times_s is None:
        return None
    steps = np.round((times_s - times_s[0]) / _TIME_STEP_S).astype("<i8")
    return hashlib.sha256(steps.tobytes()).hexdigest()
