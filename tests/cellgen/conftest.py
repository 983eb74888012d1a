# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the files of tests here share: where cellgen is built, and desks to run it on."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cellgen_desk import Desk, find_cellgen  # noqa: E402


@pytest.fixture(scope="session", name="objects")
def fixture_objects(tmp_path_factory):
    """Where cellgen is built, if it is; its objects serve for both binaries."""
    kept = os.environ.get("CELLGEN_OBJECTS") or os.environ.get("CELLGEN_BUILD") # coverage.py looks at what is beside them
    return pathlib.Path(kept) if kept else tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="session", name="cellgen")
def fixture_cellgen(objects):
    return find_cellgen(objects)


@pytest.fixture(scope="session", name="desk")
def fixture_desk(tmp_path_factory, cellgen):
    return Desk(tmp_path_factory.mktemp("desk"), cellgen)


@pytest.fixture(scope="session", name="other")
def fixture_other(tmp_path_factory, cellgen):
    """Another place with another depth, and copies instead of links."""
    return Desk(tmp_path_factory.mktemp("another") / "place with a blank" / "below", cellgen, copy=True)
