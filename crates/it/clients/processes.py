"""What the scripts that drive a program of several processes share."""

import contextlib
import faulthandler
import os
import pathlib
import subprocess
import sys
import tempfile
import time

FOLDER = str(pathlib.Path(__file__).parent)
LIMIT_S = 90

# A script that hangs ends, and shows where.
faulthandler.dump_traceback_later(LIMIT_S, exit=True)


def until(condition, what):
    """Waits until `condition` gives something true, which must not take long, and returns it."""
    end = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)
    return found


@contextlib.contextmanager
def running(commands):
    """Runs programs beside the script; what they said is shown if it fails."""
    environment = {**os.environ, "PYTHONPATH": FOLDER, "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        files = [stack.enter_context(open(f"{folder}/{n}", "w+")) for n in range(len(commands))]
        started = [
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environment, cwd=folder, stdout=file, stderr=subprocess.STDOUT,
            )
            for command, file in zip(commands, files)
        ]
        said = lambda: [pathlib.Path(file.name).read_text() for file in files]
        try:
            yield said
        except BaseException:
            # What went wrong comes last, where a log that was cut still has it.
            print(*(text[-3000:] for text in said()), sep="\n", file=sys.stderr)
            raise
        finally:
            for process in started:
                process.terminate()
            for process in started:
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
