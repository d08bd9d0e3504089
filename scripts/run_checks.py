"""Run what CI runs, and end with one line that sums it up.

    python scripts/run_checks.py                      everything
    python scripts/run_checks.py lint format types    only these
    python scripts/run_checks.py tests windows

Every step runs, whatever the others said, two of them at a time: window tests mostly
wait, and the others use what they leave. What a process says is shown in one piece when
it ends. Each file of window tests gets a process and a screen of its own, so that a
crash in one hides nothing of the rest. The last line reads like pytest's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
WINDOW_TESTS = Path("tests/plugin/window")
NO_TESTS_COLLECTED = 5
TIME_LIMIT_S = 1500
STEPS_AT_A_TIME = 2

Outcome = Counter[str]
printing = threading.Lock()


def main(arguments: list[str]) -> int:
    """Run the named steps, or all; return 0 only if every one passed."""
    unknown = [name for name in arguments if name not in STEPS]
    if unknown:
        print(f"unknown step {unknown[0]!r}, expected some of: {', '.join(STEPS)}")
        return 2
    started = time.monotonic()
    with ThreadPoolExecutor(STEPS_AT_A_TIME) as pool:
        begun = {name: pool.submit(STEPS[name]) for name in arguments or STEPS}
        outcomes = {name: step.result() for name, step in begun.items()}
    print_summary(outcomes, time.monotonic() - started)
    return int(any(has_failed(outcome) for outcome in outcomes.values()))


def has_failed(outcome: Outcome) -> bool:
    """Whether anything in an outcome went wrong."""
    return bool(outcome["failed"] or outcome["errors"])


def print_summary(outcomes: dict[str, Outcome], seconds: float) -> None:
    """Print each step's verdict, then one line of counts over all test processes."""
    print()
    for name, outcome in outcomes.items():
        print(f"{name:8} {'FAILED' if has_failed(outcome) else 'ok'}")
    total: Outcome = Counter()
    for outcome in outcomes.values():
        total.update(outcome)
    names = ("failed", "passed", "skipped", "errors")
    counts = ", ".join(f"{total[name]} {name}" for name in names if total[name])
    print(f"==== {counts or 'nothing ran'} in {seconds:.0f}s ====", flush=True)


def run_tool(title: str, *command: str) -> Outcome:
    """Run one checker; a wrong exit status counts as one error."""
    status = run_process(title, [sys.executable, "-m", *command])
    return Counter(errors=int(status != 0))


def run_process(title: str, command: list[str]) -> int:
    """Run a command from the top of the repository and return its exit status.

    What it said is printed when it has ended: several run at a time.
    """
    say(f"... {title}")
    # One thread for each process: on two cores more of them only wait for each other.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    started, status = time.monotonic(), 1
    with tempfile.TemporaryFile() as said:
        try:
            status = subprocess.run(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT_S,
                check=False,
            ).returncode
            end = ""
        except subprocess.TimeoutExpired:
            end = f"{title}: stopped after {TIME_LIMIT_S} s\n"
        said.seek(0)
        text = said.read().decode(errors="replace")
    say(f"\n==> {title}, {time.monotonic() - started:.0f} s\n{text}{end}")
    return status


def say(text: str) -> None:
    """Print a text in one piece."""
    with printing:
        print(text, flush=True)


def run_pytest(title: str, *arguments: str) -> Outcome:
    """Run one pytest process and count its outcomes; a crash is one error."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status = run_process(
            title,
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments],
        )
        outcome = read_report(report)
    if status == NO_TESTS_COLLECTED:
        say(f"{title}: no tests were found")
    elif status and not has_failed(outcome):
        say(f"{title}: ended with status {status}")
    if status and not has_failed(outcome):
        outcome["errors"] += 1
    return outcome


def read_report(path: Path) -> Outcome:
    """Count the outcomes in a JUnit report; an absent one counts nothing."""
    outcome: Outcome = Counter()
    if not path.is_file():
        return outcome
    kinds = {"failure": "failed", "error": "errors", "skipped": "skipped"}
    for case in ElementTree.parse(path).iter("testcase"):
        found = {kinds[child.tag] for child in case if child.tag in kinds}
        outcome.update(found or {"passed"})
    return outcome


def run_lint() -> Outcome:
    """Check the style."""
    return run_tool("ruff check", "ruff", "check", "--output-format=concise", ".")


def run_format() -> Outcome:
    """Check the format."""
    return run_tool("ruff format --check", "ruff", "format", "--check", "--quiet", ".")


def run_types() -> Outcome:
    """Check the types."""
    return run_tool("mypy", "mypy")


def run_tests() -> Outcome:
    """Run all tests that need no window."""
    return run_pytest(
        "pytest",
        f"--ignore={WINDOW_TESTS}",
        "--numprocesses=2",
        "--dist=loadfile",
        "--no-loadscope-reorder",  # tests/conftest.py knows better what takes long
    )


def run_windows() -> Outcome:
    """Run each file of window tests in its own process; pytest-xvfb brings a screen."""
    total: Outcome = Counter()
    paths = sorted((REPOSITORY / WINDOW_TESTS).glob("test_*.py"))
    if not paths:
        say(f"\n==> no window tests found in {WINDOW_TESTS}")
        total["errors"] += 1
    for path in paths:
        file = path.relative_to(REPOSITORY)
        total.update(run_pytest(f"pytest {file}", str(file)))
    return total


STEPS: dict[str, Callable[[], Outcome]] = {
    "lint": run_lint,
    "format": run_format,
    "types": run_types,
    "tests": run_tests,
    "windows": run_windows,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
