# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the tests on QEMU have in common.

    /usr/bin/python3 -m pytest tests/system [--all] [--out FOLDER]

A test names its partitions with @pytest.mark.partition("tests/attack/smp.dts"):
they are built in the background, in the order of the tests, while the first tests
run. Tests marked `full` are for --all.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))

import qemu  # noqa: E402

BUILDER = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="the full matrix, too")
    parser.addoption("--stalls", type=int, metavar="SEED", help="vCPUs stand now and then, as on a busy host (tools/instrument/stall.c)")
    parser.addoption("--out", default=str(ROOT / "build" / "test" / "system"), help="folder for builds and logs")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: only with --all")
    config.addinivalue_line("markers", "partition(path, ...): what the test boots, built beforehand")
    config.addinivalue_line("markers", "linux: needs Debian's kernel (tools/fetch-guests)")
    config.addinivalue_line("markers", "io: needs Debian's kernel for real devices (tools/fetch-guests io)")
    stalls = config.getoption("--stalls")
    if stalls is not None:
        out = Path(config.getoption("--out"))
        subprocess.run(["make", "-s", "-f", ROOT / "tools/instrument/Makefile", f"O={out}"], check=True)
        qemu.Machine.stalls = ["-plugin", f"{out.resolve()}/instrument/stall.so,seed={stalls}"]
        qemu.Machine.patience = 5
    config.stash[BUILDER] = qemu.Builder(config.getoption("--out"))


def partitions(item):
    return [p for mark in item.iter_markers("partition") for p in mark.args]


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--all"):
        left_out = [i for i in items if i.get_closest_marker("full")]
        items[:] = [i for i in items if not i.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
    for mark, image, command in (("linux", "guests/linux/Image", "tools/fetch-guests"),
                                 ("io", "guests/linux-io/Image", "tools/fetch-guests io")):
        if not (ROOT / image).exists():
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(pytest.mark.skip(reason=f"no {image}: run {command}"))


def pytest_collection_finish(session):
    if session.config.getoption("collectonly"):
        return
    for item in session.items:
        if not item.get_closest_marker("skip"):
            for partition in partitions(item):
                session.config.stash[BUILDER].start(partition)


def pytest_unconfigure(config):
    config.stash[BUILDER].close()


@pytest.fixture
def builder(request):
    return request.config.stash[BUILDER]


@pytest.fixture
def boot(request, builder):
    """boot(cpu=..., smp=...): a Machine with the test's (first) partition; ended after the test."""
    machines = []

    def start(partition=None, **options):
        partition = partition or partitions(request.node)[0]
        out = builder.build(partition)
        options["options"] = [*qemu.devices(partition, out), *options.get("options", ())]
        logs = Path(request.config.getoption("--out")) / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        name = "".join(c if c.isalnum() else "-" for c in request.node.name) + f"-{len(machines)}.log"
        machines.append(qemu.Machine(None if options.get("bare") else out, log=logs / name, **options))
        return machines[-1]

    yield start
    for machine in machines:
        machine.close()
