"""Decoding in processes of their own, which may die, hang or lie."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from paintings import opened, painted
from processes import eventually
from vestibule.capabilities.pictures import processor
from vestibule.capabilities.pictures.processor import Processor
from vestibule.errors import Unavailable
from vestibule.ground.pictures import NoPicture

Child = Callable[[str], Processor]
GOOD = painted(size=(5, 5))


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Put another program in the place of the child."""

    def replaced(source: str) -> Processor:
        """Write the program, and give a processor that runs it."""
        script = tmp_path / "child.py"
        script.write_text(textwrap.dedent(source))
        monkeypatch.setattr(processor, "_CHILD", script)
        return Processor(lambda: False)

    return replaced


def answer(body: bytes = GOOD, /, **told: object) -> str:
    """Write a program that says this and nothing else."""
    said = {"kind": "png", "width": 5, "height": 5, "content": len(body)}
    line = json.dumps({**said, **told}).encode() + b"\n" + body
    return f"import sys; sys.stdout.buffer.write({line!r})"


def test_an_answer_is_read(child: Child) -> None:
    drawn = child(answer()).redraw(b"x")

    assert (drawn.kind, drawn.width, drawn.height) == ("png", 5, 5)
    assert drawn.content == GOOD


@pytest.mark.asvs("15.2.5")
@pytest.mark.parametrize(
    "source",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os; os.abort()",
        "import sys; sys.stdin.close()",
        "raise SystemExit(3)",
        "print('nonsense')",
        "print('[]')",
        "print('{}')",
        "import sys; sys.stdout.buffer.write(b'\\xff' * 99)",
        "import sys\nsys.stdin.buffer.read()\n"
        "while True: sys.stdout.write('x' * 65536)",
        answer(b"<script>alert(1)</script>"),
        answer(painted("GIF")),
        answer(kind="jpg"),
        answer(kind="html"),
        answer(kind=["png"]),
        answer(kind="../../x"),
        answer(content=7),
        answer(width=513),
        answer(width=0),
        answer(width="5"),
        answer(height=-5),
        answer(b""),
    ],
)
def test_a_child_that_dies_or_lies_is_an_unreadable_picture(
    child: Child, source: str
) -> None:
    with pytest.raises(NoPicture) as none:
        child(source).redraw(b"x" * 1_000_000)

    assert none.value.fault == "unreadable"


@pytest.mark.asvs("15.2.5")
def test_a_child_that_hangs_is_killed_with_all_it_has_started(
    child: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "SECONDS", 5)
    hanging = child(f"""
        import os, time
        if os.fork() == 0:
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(600)
    """)

    with pytest.raises(Unavailable):
        hanging.redraw(b"x")

    grandchild = int((tmp_path / "pid").read_text())

    def is_gone() -> bool:
        """Tell whether the process has ended."""
        stat = Path(f"/proc/{grandchild}/stat")
        return not stat.exists() or ") Z " in stat.read_text()

    eventually(is_gone, "the end of what the child had started")


def test_what_outlives_a_child_keeps_nobody_waiting(
    child: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "SECONDS", 5)
    escaping = child(f"""
        import os, time
        if os.fork() == 0:
            os.setsid()
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
            time.sleep(600)
    """)

    with pytest.raises(Unavailable):
        escaping.redraw(b"x")

    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.asvs("15.2.5")
def test_a_child_knows_nothing_of_its_parent(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTIBULE_SECRET_KEY", "s" * 40)
    knowing = child("""
        import json, os, sys
        open_files = sorted(int(n) for n in os.listdir("/proc/self/fd"))
        know = [dict(os.environ).get("VESTIBULE_SECRET_KEY"), os.getcwd(),
                os.getsid(0) == os.getpid(), open_files[:3], len(open_files)]
        print(json.dumps({"fault": repr(know)}))
    """)

    with pytest.raises(NoPicture) as told:
        knowing.redraw(b"x")

    # The fourth file is the list of files itself.
    assert told.value.fault == "[None, '/', True, [0, 1, 2], 4]"


# As a decoder acts that was taken over by its file.
TAKEN_OVER = """
    import runpy, sys
    class Hostile:
        def read(self, size):
            {act}
    hostile = Hostile()
    hostile.buffer = hostile
    sys.stdin = hostile
    runpy.run_path({path!r})["main"]()
"""


def taken_over(act: str) -> "subprocess.CompletedProcess[str]":
    """Run the real child up to its file, and then something hostile."""
    source = TAKEN_OVER.format(path=str(processor._CHILD), act=act)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source), *sys.path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.attack(109, 110, "A39")
@pytest.mark.asvs("1.3.6", "5.3.3", "15.2.5")
@pytest.mark.parametrize(
    ("act", "stopped"),
    [
        ("open('/etc/hostname')", "Too many open files"),
        ("open('/dev/null', 'w')", "Too many open files"),
        ("import socket; socket.socket()", "Too many open files"),
        ("import os; os.pipe()", "Too many open files"),
        ("x = bytearray(600 * 2**20)", "MemoryError"),
    ],
)
def test_a_child_can_open_nothing_and_take_little(
    act: str, stopped: str
) -> None:
    done = taken_over(act)

    assert done.returncode == 1
    assert stopped in done.stderr


@pytest.mark.attack(110)
@pytest.mark.asvs("15.2.5")
def test_a_child_that_never_ends_its_work_is_stopped_by_the_system() -> None:
    assert taken_over("while True: pass").returncode < 0


@pytest.mark.asvs("15.2.2")
def test_only_so_many_wait_and_the_next_is_told_to_come_again(
    child: Child, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    slow = child(f"""
        import os, sys, time
        while not os.path.exists({str(gate)!r}):
            time.sleep(0.02)
        {answer()}
    """)
    most = processor.LANES + processor.WAITING
    drawn: list[object] = []
    threads = [
        threading.Thread(target=lambda: drawn.append(slow.redraw(b"x")))
        for _ in range(most)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: slow._places._value == 0, "all places to be taken")

    with pytest.raises(Unavailable):
        slow.redraw(b"x")

    gate.touch()
    for thread in threads:
        thread.join(60)
    assert len(drawn) == most
    assert slow.redraw(b"x").content == GOOD


def test_a_child_that_cannot_be_started_is_no_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(Unavailable):
        Processor(lambda: False).redraw(painted())


def test_a_program_that_embeds_python_is_not_started_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for odd in ("/usr/sbin/uwsgi", "", None):
        monkeypatch.setattr(sys, "executable", odd)
        assert Processor(lambda: False).redraw(painted()).kind == "png"


def test_the_package_is_found_wherever_its_parent_found_it(
    tmp_path: Path,
) -> None:
    # Neither installed nor in the environment: only on the path.
    source = f"""
        import sys
        sys.path[:0] = {[path for path in sys.path if path]!r}
        from vestibule.capabilities.pictures.processor import Processor
        drawn = Processor(lambda: False).redraw(sys.stdin.buffer.read())
        sys.stdout.buffer.write(drawn.content)
    """

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", textwrap.dedent(source)],
        input=painted(size=(7, 3)),
        cwd=tmp_path,
        env={},
        capture_output=True,
        check=True,
    )

    assert opened(done.stdout).size == (7, 3)
