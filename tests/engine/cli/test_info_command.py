from __future__ import annotations

import json

import torch

from fcot_engine.cli import info_command, main
from fcot_engine.errors import WeightsError


class TestInfo:
    def test_json(self, capsys):
        assert main(["info", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["versions"]["torch"] == torch.__version__
        assert "lite" in facts["presets"] and facts["device"]

    def test_lines(self, capsys):
        assert main(["info"]) == 0
        shown = capsys.readouterr().out
        assert "torch" in shown and "preset lite" in shown

    def test_missing_weights_are_told_not_raised(self, monkeypatch, capsys):
        def fail(preset):
            raise WeightsError("The weights of preset 'lite' are not installed.")

        monkeypatch.setattr("fcot_engine.tracker.default_weights", fail)
        assert main(["info"]) == 0
        assert "not installed" in capsys.readouterr().out

    def test_what_a_weights_file_says_is_shown(self, monkeypatch, weights_file):
        monkeypatch.setattr(
            "fcot_engine.tracker.default_weights", lambda _: weights_file
        )
        told = info_command.collect_facts()["presets"]["lite"]
        assert told["weights"] == "untrained.safetensors"
        assert told["format"] and told["megabytes"] > 0.1
