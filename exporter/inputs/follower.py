"""A process that writes lines, read without ever waiting long."""

import contextlib
import fcntl
import os
import subprocess
import tempfile
from collections.abc import Sequence

from exporter.inputs.lines import MAX_LINE
from exporter.inputs.waiting import has_arrived

_PIPE_BYTES = 1 << 20
_LONGEST = 8 * MAX_LINE  # a line that is longer is given once, cut to MAX_LINE; its rest is passed over
_COMPLAINT_BYTES = 600


class Follower:
    """The running process; `received` bytes came from it so far. OSError if it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by close)
        try:
            self._process = subprocess.Popen(  # noqa: S603  (the configured command)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C"},
            )
        except OSError:
            self._errors.close()
            raise
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        with contextlib.suppress(OSError, AttributeError):  # the user may have too many pipes
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._data = self._cut = b""
        self.received = 0
        self._ended = False

    @property
    def alive(self) -> bool:
        """Whether more output may come."""
        return not self._ended

    @property
    def code(self) -> int | None:
        """The exit code; negative: the signal; None: it runs."""
        return self._process.poll()

    @property
    def waiting(self) -> int:
        """Bytes received and not yet given."""
        return len(self._data) if b"\n" in self._data else 0

    def lines(self, size: int, patience: float) -> list[bytes]:
        """Complete lines, about `size` bytes of them.

        None: there is nothing within `patience` seconds, or (`received` has grown) a part of a long line.
        """
        most = self.received + size
        while b"\n" not in self._data and self.received < most and self._receive(size, patience):
            if len(self._data) > _LONGEST and b"\n" not in self._data:
                self._cut, self._data = self._cut or self._data[:MAX_LINE], b""
        end = self._data.rfind(b"\n") + 1
        whole, self._data = self._data[:end], self._data[end:]
        lines = whole.split(b"\n")[:-1]
        if self._cut and lines:
            lines[0], self._cut = self._cut, b""
        return lines

    def _receive(self, size: int, patience: float) -> bool:
        if self._ended or not has_arrived(self._pipe, patience):
            return False
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._pipe, max(size, 1 << 16))
            self._ended = not data
            self.received += len(data)
            self._data += data
        return not self._ended

    def complaints(self) -> tuple[str, ...]:
        """The last lines that it wrote to standard error."""
        size = os.fstat(self._errors.fileno()).st_size
        if not size:
            return ()
        text = os.pread(self._errors.fileno(), _COMPLAINT_BYTES, max(0, size - _COMPLAINT_BYTES))
        return tuple(line for line in text.decode(errors="replace").splitlines() if line.strip())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()
