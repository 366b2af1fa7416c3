"""All rows as CSV, through gunicorn, beside what psql's COPY takes for the same rows; ratios of one run."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from .rows import OPERATION, ROOT, prepare

ROUNDS = 7
LIVE = f"/data/figures.csv?operation={OPERATION}&release=live&to=2021-12"
RELEASED = f"/data/figures.csv?operation={OPERATION}&release=1"


def main() -> None:
    told = prepare()
    live, released = _queries()
    with Serving() as site:
        cookie = _signed_in()
        ways = {
            "psql COPY": lambda: _copied(told["server"], live),
            "psql COPY, of a release": lambda: _copied(told["server"], released),
            "figures.csv, live": lambda: site.read(LIVE, Cookie=cookie),
            "figures.csv of a release, first time": lambda: site.read(RELEASED, forget=True),
            "the same, second time": lambda: site.read(RELEASED, again=True),
            "the same, compressed": lambda: site.read(RELEASED, again=True, **{"Accept-Encoding": "br"}),
        }
        for way in ways.values():
            way()  # once to warm up
        before = site.memory()
        taken = {name: [] for name in ways}
        for _round in range(ROUNDS):
            for name, way in ways.items():
                taken[name].append(way())
        grown = site.memory() - before
    print(f"{'':<40} {'of COPY':>8} {'first byte, ms':>15}")
    for name, found in taken.items():
        ratio = median(one[0] / copy[0] for one, copy in zip(found, taken["psql COPY"], strict=True))
        print(f"{name:<40} {ratio:>8.2f} {1000 * median(one[1] for one in found):>15.0f}")
    print(f"memory of the largest worker grew by {grown / 1000:.0f} MB")


def _queries() -> list[str]:
    from operations import queries
    from operations.models import Operation
    from operations.selections import Selection

    operation = Operation.objects.get(code=OPERATION)
    span = (operation.first_month, operation.last_month)
    return [queries.figures_sql(Selection(operation, one, *span)) for one in (None, operation.releases.get())]


def _signed_in() -> str:
    """The cookie of someone who may read what is not released."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from operations.models import Person

    person = Person.objects.get(username="bench")
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def _copied(server, query: str) -> tuple[float, float]:
    """How long psql takes, and its first byte."""
    command = [server.program("psql"), "-h", server.socket_dir, "-U", "lmlecc", "-d", "lmlecc", "-X", "-q"]
    began = time.perf_counter()
    with subprocess.Popen(
        [*map(str, command), "-c", f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)"],
        stdout=subprocess.PIPE,
    ) as psql:
        os.read(psql.stdout.fileno(), 1)
        first = time.perf_counter() - began
        while os.read(psql.stdout.fileno(), 1 << 20):
            pass
    return time.perf_counter() - began, first


class Serving:
    """The product under gunicorn as `make run` has it."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "lmlecc/gunicorn.py", "lmlecc.wsgi"],
            cwd=ROOT,
            env=os.environ | {"PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
        )
        for _attempt in range(100):
            time.sleep(0.1)
            try:
                self.read("/healthz")
                return self
            except OSError:
                continue
        raise RuntimeError("It does not serve.")

    def __exit__(self, *_problem):
        self.process.terminate()
        self.process.wait()

    def read(self, address: str, *, forget=False, again=False, **headers) -> tuple[float, float]:
        """How long the whole answer takes, and its first byte."""
        from django.conf import settings

        if forget:
            shutil.rmtree(settings.KEPT, ignore_errors=True)
        if again:  # when it is kept, with its twins
            while not list(settings.KEPT.glob("*/file.br")):
                time.sleep(0.2)
        asking = http.client.HTTPConnection("127.0.0.1", self.port)
        began = time.perf_counter()
        asking.request("GET", address, headers=headers)
        answer = asking.getresponse()
        assert answer.status == 200, answer.read()
        answer.read(1)
        first = time.perf_counter() - began
        buffer = bytearray(1 << 20)
        while answer.readinto(buffer):
            pass
        return time.perf_counter() - began, first

    def memory(self) -> int:
        """What the largest worker has occupied at most, in kB; 0 where the system does not tell."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            return 0
        found = [Path(f"/proc/{pid}/status").read_text() for pid in children.read_text().split()]
        return max(int(one.split("VmHWM:")[1].split()[0]) for one in found)


if __name__ == "__main__":
    main()
