from __future__ import annotations

import pytest

from fcot_engine.cli import main


class TestTrain:
    def test_options_come_from_training(self, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["train", "--help"])
        assert caught.value.code == 0
        assert "--photos" in capsys.readouterr().out

    def test_missing_photos_are_one_line(self, tmp_path, capsys):
        words = ["--photos", str(tmp_path / "none"), "--out", str(tmp_path / "run")]
        assert main(["train", *words, "--samples", "1"]) == 1
        last = capsys.readouterr().err.splitlines()[-1]
        assert last.startswith("fcot train: ")
