"""A file that is read while it is still being written: the database fills it at its own pace, a reader follows.

Between them stands the disk and not the memory, so neither a large file nor a slow line costs the database anything:
its transaction ends when the last row is written, not when it is read.
"""

import io
import os
import threading
import time
from contextlib import suppress

PIECE = 256 * 1024  # bytes handed on at once
READ_AFTER = 0.015  # seconds that a file has to be complete, and so to be sent with its length


class Broken(Exception):
    """The file has no end. Whoever sends it must break the connection: a part is not to pass for the whole."""


class Unwanted(Exception):
    """Nobody reads the file any more, so nobody need write on."""


class Flow(io.RawIOBase):
    """The file as its writer sees it, and what its readers know of it.

    `file` is an empty one to write to. `size` grows; `about` is what the writer told of the file before its rows,
    `problem` why there will be no more of it. A reader who leaves stops the writing if it is not `kept`.
    """

    def __init__(self, file, *, kept: bool = False):
        self.file, self.kept = file, kept
        self.size, self.about, self.ended, self.problem = 0, None, False, None
        self._left = False
        self._news = threading.Condition()

    # The writer's side

    def writable(self):
        return True

    def write(self, piece):
        if self._left and not self.kept:
            raise Unwanted
        written = self.file.write(piece)
        with self._news:
            self.size += written
            self._news.notify_all()
        return written

    def tell_about(self, about) -> None:
        """What stands around the file, before its first byte."""
        with self._news:
            self.about = about
            self._news.notify_all()

    def end(self, problem: BaseException | None = None) -> None:
        with self._news:
            self.ended, self.problem = problem is None, problem
            self._news.notify_all()
            if self._left:
                self.file.close()

    # The reader's side

    def wait(self, *, whole: bool = False) -> None:
        """Until it is known what can be sent: all of the file, or what is `about` it and its beginning.

        A file that is soon complete is waited for. Raises what stopped the writer before anything could be sent.
        """
        began = time.monotonic()
        with self._news:
            while not (self.ended or self.problem):
                left = None
                if self.size and self.about and not whole:
                    left = READ_AFTER - (time.monotonic() - began)
                    if left <= 0:
                        return
                self._news.wait(left)
        if self.problem:
            raise self.problem

    def pieces(self):
        """The bytes from the first to the last, as they come; Broken where they stop before the end."""
        position = 0
        while True:
            with self._news:
                while position == self.size and not (self.ended or self.problem):
                    self._news.wait()
                size, problem = self.size, self.problem
            if problem:
                raise Broken("The file breaks off here.") from problem
            if position == size:
                return
            while position < size:
                piece = os.pread(self.file.fileno(), min(PIECE, size - position), position)
                position += len(piece)
                yield piece

    def leave(self) -> None:
        """Nobody reads on."""
        with self._news:
            self._left = True
            if self.ended or self.problem:
                self.file.close()


class Reader:
    """A flow as the content of a response."""

    def __init__(self, flow: Flow):
        self._flow = flow
        self._pieces = flow.pieces()

    def __iter__(self):
        return self._pieces

    def close(self) -> None:
        self._pieces.close()
        self._flow.leave()


def write(flow: Flow, work) -> None:
    """Have `work(flow, sink)` write the file and its end, whatever comes of it; errors are the reader's to raise."""
    sink = io.BufferedWriter(flow, PIECE)
    try:
        work(flow, sink)
        sink.flush()
    except BaseException as problem:
        flow.end(problem)
        with suppress(Exception):
            sink.detach()
    else:
        sink.detach()
        flow.end()
