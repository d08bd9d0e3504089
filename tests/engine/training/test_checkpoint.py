from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fcot_engine.errors import TrainingError
from fcot_engine.training import checkpoint, find_checkpoint
from fcot_engine.training.checkpoint import read_checkpoint, write_checkpoint

STATE = {"weights": {"a": torch.arange(5000.0)}, "step": 3, "note": "x"}


def test_state_comes_back(tmp_path):
    path = write_checkpoint(tmp_path, STATE, step=3)
    state = read_checkpoint(path)
    assert torch.equal(state["weights"]["a"], STATE["weights"]["a"])
    assert (state["step"], state["note"]) == (3, "x")


def test_pieces_are_small_and_whole(tmp_path):
    path = write_checkpoint(tmp_path, STATE, step=3, piece_bytes=4096)
    sizes = [p.stat().st_size for p in sorted(path.glob("piece-*"))]
    assert len(sizes) > 3 and max(sizes) == 4096
    assert torch.equal(read_checkpoint(path)["weights"]["a"], torch.arange(5000.0))


def test_default_piece_is_16_mib():
    assert checkpoint.PIECE_BYTES == 16 * 2**20


def test_only_the_newest_is_kept(tmp_path):
    write_checkpoint(tmp_path, STATE, step=3)
    newest = write_checkpoint(tmp_path, STATE, step=12)
    assert find_checkpoint(tmp_path) == newest
    assert list(tmp_path.iterdir()) == [newest]


def test_writing_the_same_step_again_replaces_it(tmp_path):
    write_checkpoint(tmp_path, STATE, step=3)
    path = write_checkpoint(tmp_path, {"step": 4}, step=3)
    assert read_checkpoint(path) == {"step": 4}


def test_failed_write_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    old = write_checkpoint(tmp_path, STATE, step=3)
    write = checkpoint._write_synced

    def fail_on_second_piece(path, data):
        if path.name == "piece-001.bin":
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(checkpoint, "_write_synced", fail_on_second_piece)
    with pytest.raises(TrainingError, match="No space left"):
        write_checkpoint(tmp_path, STATE, step=4, piece_bytes=4096)
    assert list(tmp_path.iterdir()) == [old]
    assert read_checkpoint(old)["step"] == 3


def test_unfinished_folder_is_not_found(tmp_path):
    (tmp_path / "checkpoint-000000009").mkdir()
    assert find_checkpoint(tmp_path) is None


def test_damaged_piece_is_named(tmp_path):
    path = write_checkpoint(tmp_path, STATE, step=3)
    piece = path / "piece-000.bin"
    data = bytearray(piece.read_bytes())
    data[100] ^= 255
    piece.write_bytes(data)
    with pytest.raises(TrainingError, match=r"piece-000\.bin is damaged"):
        read_checkpoint(path)


def test_missing_piece_is_named(tmp_path):
    path = write_checkpoint(tmp_path, STATE, step=3)
    (path / "piece-000.bin").unlink()
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(Path(path))
