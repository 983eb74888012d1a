# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rig's programs are no package: where they are."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "rig"))
