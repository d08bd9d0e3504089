"""The engine imports without napari, Qt and video decoders, and loads little."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCREEN = ["napari", "magicgui", "qtpy", "superqt", "vispy"]
QT = ["PyQt5", "PyQt6", "PySide2", "PySide6"]
BLOCKED = [*SCREEN, *QT, "av", "tifffile", "skimage", "matplotlib", "imageio"]

IMPORT_ALL = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Blocker())
import fcot_engine

def fail(name):
    raise ImportError(f"{name} cannot be imported")

for module in pkgutil.walk_packages(fcot_engine.__path__, "fcot_engine.", fail):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
assert not set(BLOCKED) & {name.split(".")[0] for name in sys.modules}
"""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"BLOCKED = {BLOCKED!r}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def bare_import() -> subprocess.CompletedProcess[str]:
    return run_python(IMPORT_ALL)


def test_every_engine_module_imports_bare(bare_import):
    assert bare_import.returncode == 0, bare_import.stderr


def test_the_walk_reaches_all_packages(bare_import, repository):
    packages = {
        f"fcot_engine.{path.parent.name}"
        for path in (repository / "fcot_engine").glob("*/__init__.py")
    }
    assert packages <= set(bare_import.stdout.split())


@pytest.mark.parametrize("name", ["av", "napari", "skimage.data"])
def test_the_blocker_blocks(name):
    blocked = IMPORT_ALL.replace("import fcot_engine\n", f"import {name}\n")
    ran = run_python(blocked)
    assert ran.returncode == 1
    assert f"ImportError: {name.split('.')[0]} is not installed here" in ran.stderr


class TestLightImport:
    """What asks for little loads little, and leaves its host as it was."""

    HEAVY = ("torch", "torchvision", "numpy", "scipy", "skimage", "av", "matplotlib")

    @pytest.mark.parametrize(
        "code",
        [
            pytest.param("import fcot_engine; dir(fcot_engine)", id="package"),
            pytest.param(
                "import fcot_engine.config, fcot_engine.errors", id="settings"
            ),
            pytest.param(
                "import contextlib\nfrom fcot_engine.cli import main\n"
                "with contextlib.suppress(SystemExit): main(['--help'])",
                id="help",
            ),
        ],
    )
    def test_nothing_heavy_is_loaded(self, code):
        ran = run_python(f"{code}\nimport sys\nprint('loaded:', *sys.modules)")
        assert ran.returncode == 0, ran.stderr
        loaded = ran.stdout.split("loaded:")[1].split()
        assert not set(self.HEAVY) & set(loaded)

    def test_engine_changes_nothing_in_its_host(self):
        code = (
            "import os; before = dict(os.environ)\n"
            "from fcot_engine import Tracker; Tracker.from_preset('lite', device='cpu')"
            "\nassert dict(os.environ) == before"
        )
        ran = run_python(code)
        assert ran.returncode == 0, ran.stderr
