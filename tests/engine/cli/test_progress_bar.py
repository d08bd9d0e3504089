from __future__ import annotations

from fcot_engine.cli.progress_bar import show_progress


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
