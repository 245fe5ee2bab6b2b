from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from fanfare import __version__

PROJECT = Path(__file__).parents[1]


def test_the_wheel_is_typed_and_needs_nothing(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=PROJECT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"fanfare_client-{__version__}.dist-info/METADATA").decode()
    sources = {f"fanfare/{path.name}" for path in (PROJECT / "src/fanfare").iterdir() if path.is_file()}
    assert {name for name in names if name.startswith("fanfare/")} == sources
    assert "fanfare/py.typed" in sources
    needs = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert all("; extra ==" in line for line in needs)


def test_the_client_for_threads_imports_the_standard_library_alone() -> None:
    listing = "import sys, fanfare; print(*{name.split('.')[0] for name in sys.modules})"
    python = [sys.executable, "-S", "-c", listing]
    printed = subprocess.run(
        python, env={"PYTHONPATH": str(PROJECT / "src")}, check=True, capture_output=True, text=True
    ).stdout.split()
    assert set(printed) - {"__main__", "fanfare"} <= set(sys.stdlib_module_names)
