"""One program at a time works on a project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fcot_engine.errors import ProjectError

__all__ = ["ProjectLock"]


class ProjectLock:
    """Holds a project until it is released or the process ends, however it ends.

    The system keeps the lock, not the file: a file that a crash left behind locks
    nothing. File systems without locks are used without one.

    Raises:
        ProjectError: another program, or another window, works on the project.
    """

    def __init__(self, project_path: Path) -> None:
        self._path = project_path.with_name(f".{project_path.name}.lock")
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ProjectError(
                f"The folder {project_path.parent} cannot be written to: "
                f"{error.strerror}. Copy the project to a folder of your own."
            ) from error
        if not _lock(self._handle):
            os.close(self._handle)
            self._handle = -1
            raise ProjectError(
                f"{project_path.name} is open in another window. Close it there first."
            )

    def release(self) -> None:
        """Let others work on the project."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _lock(handle: int) -> bool:
    """Lock an open file; return False if somebody else holds it."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
