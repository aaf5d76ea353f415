"""Kernels whose cells take all that there is: a cell is told so, or the kernel ends."""

from dataclasses import replace

import pytest
from jupyter_client import BlockingKernelClient
from started_kernels import WALLS, closed_in, eventually, execute, start, world_within

from autograder.kernels.owner import FRAMEWORKS, shared
from autograder.sandbox.walls import ResourceLimits, World

pytestmark = pytest.mark.usefixtures("small_zygote")
PRELOAD = FRAMEWORKS["torch"]


@pytest.fixture(params=WALLS)
def world(request):
    return world_within(request.param)


LEAVE_NO_DESCRIPTOR = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
files = []
while True:
    files.append(open("/dev/null"))
"""


@pytest.mark.timeout(120)
def test_a_cell_that_leaves_no_descriptor_sees_why(world):
    """Within the time-out of a cell that hangs until it is interrupted."""
    cells = (
        LEAVE_NO_DESCRIPTOR,
        "print('still here')",
        "files.clear()",
        "print(open('/dev/null').name)",
    )
    outputs = execute(*cells, world=world, timeout=9, interrupt_on_timeout=True)
    assert outputs == ["OSError", "still here\n", "", "/dev/null\n"]


@closed_in
@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [
        (
            "import os, time\n[os.fork() for _ in range(3)]\n"
            "x = bytearray(b'1' * 100_000_000); time.sleep(60)",
            ResourceLimits(memory_bytes=400 * 2**20),
            "400 MiB of memory",
        ),
        (
            "import os, time\nwhile True:\n    os.fork() or time.sleep(60)",
            ResourceLimits(processes=40),
            "40 processes",
        ),
        ("while True: pass", ResourceLimits(wall_seconds=2), "longer than 2 s"),
        (
            "i = 0\nwhile True:\n    open(f'f{i}', 'wb').write(bytes(5_000_000)); i += 1",
            ResourceLimits(scratch_bytes=100 * 2**20),
            "100 MiB of files",
        ),
    ],
    ids=["memory bomb of many processes", "fork bomb", "endless loop", "full disk"],
)
def test_limits_end_a_kernel_and_all_that_it_started(code, limits, reason):
    folder = shared.make_folder()
    kernel = start(shared, folder, world=World(folder, limits=limits))
    client = BlockingKernelClient(connection_file=str(folder / "kernel.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(30)
    client.execute(code)
    assert eventually(lambda: kernel.poll() is not None, 30)
    client.stop_channels()
    assert reason in kernel.reason
    kernel.close()


def test_one_process_that_wants_too_much_memory_is_told_so_and_goes_on(world):
    if world is None:
        pytest.skip("limits hold within walls")
    world = replace(world, limits=ResourceLimits(memory_bytes=400 * 2**20))
    bomb = "x = []\nwhile True:\n    x.append(bytearray(b'1' * 20_000_000))"
    assert execute(bomb, "del x", "print('still here')", world=world) == [
        "MemoryError",
        "",
        "still here\n",
    ]
