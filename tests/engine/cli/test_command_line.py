from __future__ import annotations

import argparse
from types import SimpleNamespace

import pytest

from fcot_engine.cli import command_line, main
from fcot_engine.cli.command_line import COMMANDS, Command
from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.errors import FcotError

NAMES = [command.name for command in COMMANDS]


@pytest.fixture
def make_command(monkeypatch):
    """Put a command of one function into the table."""

    def make(run):
        module = SimpleNamespace(
            EXAMPLES="  fcot try", add_arguments=lambda parser: None, run=run
        )
        monkeypatch.setattr(command_line, "COMMANDS", (Command("try", "try it"),))
        monkeypatch.setattr(Command, "load", lambda _: module)

    return make


class TestMain:
    def test_exit_code_comes_from_the_command(self, make_command):
        make_command(lambda args: 7)
        assert main(["try"]) == 7

    def test_own_error_is_one_line(self, make_command, capsys):
        def fail(args):
            raise FcotError("The box is\n  odd. Draw it again.")

        make_command(fail)
        assert main(["try"]) == 1
        assert capsys.readouterr().err == "fcot try: The box is odd. Draw it again.\n"

    def test_interruption_is_130(self, make_command, capsys):
        def interrupt(args):
            raise KeyboardInterrupt

        make_command(interrupt)
        assert main(["try"]) == 130
        assert capsys.readouterr().err == "fcot try: interrupted.\n"

    def test_bug_keeps_its_traceback(self, make_command):
        def slip(args):
            raise ZeroDivisionError

        make_command(slip)
        with pytest.raises(ZeroDivisionError):
            main(["try"])

    @pytest.mark.parametrize(
        "words", [[], ["fly"], ["track"], ["eval"], ["info", "--wings"]]
    )
    def test_wrong_usage_is_2(self, words, capsys):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
        assert "usage: fcot" in capsys.readouterr().err

    def test_version(self, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["--version"])
        assert caught.value.code == 0
        assert capsys.readouterr().out.startswith("fcot ")


class TestHelp:
    def test_lists_every_command(self, capsys):
        with pytest.raises(SystemExit):
            main(["--help"])
        shown = capsys.readouterr().out
        assert all(command.summary in shown for command in COMMANDS)

    @pytest.mark.parametrize("name", NAMES)
    def test_command_shows_options_and_examples(self, name, capsys):
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        shown = capsys.readouterr().out
        assert caught.value.code == 0
        assert "--" in shown and f"fcot {name}" in shown.split("examples:")[1]

    @pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
    def test_examples_are_right_usage(self, command):
        parser = argparse.ArgumentParser(exit_on_error=False)
        module = command.load()
        module.add_arguments(parser)
        lines = [
            line.partition("#")[0].split() for line in module.EXAMPLES.splitlines()
        ]
        examples = [words[2:] for words in lines if words[:2] == ["fcot", command.name]]
        assert examples
        for words in examples:
            parser.parse_args(words)


class TestBoxThatStartsWithAMinus:
    def test_is_read_as_a_box(self, images, tmp_path, fake_tracker):
        out = tmp_path / "out"
        words = ["track", str(images), "--box", "-2,5,20,20", "--out", str(out)]
        assert main(words) == 0


class TestShowProgress:
    def test_goes_to_stderr_with_count(self, capsys):
        with show_progress("Tracking dog", 3) as advance:
            for _ in range(3):
                advance(None, None)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "Tracking dog" in captured.err and "3/3" in captured.err

    def test_total_and_title_may_come_later(self, capsys):
        with show_progress("Reading") as advance:
            advance("deer", 2)
            advance("dog", 2)
        shown = capsys.readouterr().err
        assert "dog" in shown and "2/2" in shown

    def test_square_brackets_are_no_colours(self, capsys):
        with show_progress("clip [red]", 1) as advance:
            advance(None, None)
        assert "clip [red]" in capsys.readouterr().err
