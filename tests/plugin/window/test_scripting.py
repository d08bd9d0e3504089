"""The page on scripts does what it says."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.window


def test_script_of_the_docs_tracks_the_sample(
    qtbot, make_napari_viewer, our_manifest, repository
):
    make_napari_viewer()
    text = (repository / "docs" / "scripting.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "docs/scripting.md", "exec"), names)
    panel = names["panel"]
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=120_000)
    (target,) = panel.controller.state.targets
    assert target.boxes.frames().tolist() == [0, 1, 2, 3]
    assert target.info.class_name == "cup"
    assert panel.network_text.text().startswith("At work: lite on ")
