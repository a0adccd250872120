"""What all tests share: one thread for each worker's linear algebra, sample data, a browser."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

ROOT = Path(__file__).resolve().parent.parent

# Before anything imports numpy or torch: several workers at once would otherwise each start as many
# threads as there are cores and wait for one another. Processes that tests start inherit this.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

settings.register_profile(
    "here",
    deadline=None,
    database=DirectoryBasedExampleDatabase(Path(tempfile.gettempdir()) / "cppnart-hypothesis"),
)
# The same examples on every run, so that a change is judged by what it changes.
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of sample data: CPPNART_DATA, or ../shared/data beside the checkout."""
    named = os.environ.get("CPPNART_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; CPPNART_DATA can name a folder that has them")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome. CPPNART_REQUIRE_BROWSER=1 makes its absence a failure."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        path = shutil.which(name)
        if path is not None:
            return path
    message = "no Chromium on the PATH (Debian: apt-get install chromium)"
    if os.environ.get("CPPNART_REQUIRE_BROWSER", "0") not in ("", "0"):
        pytest.fail(message)
    pytest.skip(message)
