from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fcot_engine.atomic_write import write_together
from fcot_engine.errors import ExportError


def everything_in(folder):
    return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def full_disk(monkeypatch):
    """After one file, writing fails as on a full disk."""
    written = []
    fsync = os.fsync

    def fail_later(descriptor):
        written.append(descriptor)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", fail_later)


def test_all_files_appear(tmp_path):
    with write_together() as files:
        files.write_text(tmp_path / "x" / "a.txt", "ä")
        files.write_text(tmp_path / "b.txt", "b")
        assert not (tmp_path / "b.txt").exists()
    assert files.paths == [tmp_path / "x" / "a.txt", tmp_path / "b.txt"]
    assert everything_in(tmp_path) == {"a.txt": "ä", "b.txt": "b"}


def test_old_files_are_replaced(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with write_together() as files:
        files.write_text(tmp_path / "a.txt", "new")
    assert everything_in(tmp_path) == {"a.txt": "new"}


def test_full_disk_leaves_nothing_and_keeps_old_files(tmp_path, full_disk):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ExportError, match=r"No space left on device\. Nothing was"):
        write_new(tmp_path / "a.txt", tmp_path / "deep" / "er" / "b.txt")
    assert everything_in(tmp_path) == {"a.txt": "old"}
    assert not (tmp_path / "deep").exists()


def test_failure_while_renaming_puts_old_files_back(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")
    replace = Path.replace

    def fail_at_b(self, target):
        if Path(target).name == "b.txt":
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_at_b)
    with pytest.raises(ExportError, match=r"b\.txt cannot be written: Permission"):
        write_new(tmp_path / "a.txt", tmp_path / "c.txt", tmp_path / "b.txt")
    assert everything_in(tmp_path) == {"a.txt": "old"}


def test_file_systems_without_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr("os.link", no_links)
    (tmp_path / "a.txt").write_text("old")
    write_new(tmp_path / "a.txt")
    assert everything_in(tmp_path) == {"a.txt": "new"}


def test_other_errors_pass_and_leave_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_new(tmp_path / "a.txt", None)
    assert everything_in(tmp_path) == {}


def test_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ExportError, match="out cannot be written"):
        write_new(tmp_path / "out" / "a.txt")
    assert everything_in(tmp_path) == {"out": "a file"}


def write_new(*paths):
    with write_together() as files:
        for path in paths:
            if path is None:
                raise TypeError
            files.write_text(path, "new")
