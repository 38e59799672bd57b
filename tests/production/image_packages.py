"""A virtual environment with the packages of requirements.lock and no other, as the image has.

They are the ones that are installed here already, found by what each says are its files. What only
the development lock has must not be there: a program of production could lean on it unnoticed.
"""

import re
import sys
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from tests.production.container_files import REPOSITORY

PROGRAMS = ("celery",)
_SCRIPT = """#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""


def make_environment(directory: Path) -> None:
    venv.EnvBuilder(symlinks=True, with_pip=False).create(directory)
    programs = directory / "bin"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = directory / "lib" / version / "site-packages"
    for installed in _locked():
        _link(installed, packages)
        for script in installed.entry_points.select(group="console_scripts"):
            if script.name in PROGRAMS:
                _write_script(programs / script.name, script.module, script.attr)


def _locked() -> list[Distribution]:
    """Those of the lock that this platform has; the lock is for all of them."""
    lock = (REPOSITORY / "requirements.lock").read_text()
    found = []
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        try:
            found.append(distribution(name))
        except PackageNotFoundError:
            continue
    return found


def _link(installed: Distribution, packages: Path) -> None:
    tops = {file.parts[0] for file in installed.files or [] if file.parts[0] != ".."}
    for top in tops - {"__pycache__"}:
        link = packages / top
        if not link.exists():
            link.symlink_to(Path(str(installed.locate_file(top))))


def _write_script(path: Path, module: str, function: str) -> None:
    python = path.parent / "python"
    path.write_text(_SCRIPT.format(python=python, module=module, function=function))
    path.chmod(0o755)
