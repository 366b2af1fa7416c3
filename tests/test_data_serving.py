"""Files through gunicorn itself: at once, in little memory, and whole or broken off for all to see."""

import gzip
import hashlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import brotli
import pandas
import pytest
from django.conf import settings
from django.db import connection
from two_months import two_months

from operations.data.forms import FORMS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes as Linux shows them"),
]

ROWS = 500_000
LINE = "'JT-2025' AS operation, 'KH' AS country, 'KH-NP' AS agency, '2025-02' AS month, 'drugs' AS area"
MANY = f"SELECT {LINE}, n::text, n AS value FROM generate_series(1, {ROWS}) n"
BREAKING = f"SELECT {LINE}, n::text, 1 / ({ROWS} - n) AS value FROM generate_series(1, {ROWS}) n"
SLOW = f"SELECT {LINE}, n::text, pg_sleep(0.5)::text AS value FROM generate_series(1, 4) n"
FIRST = "/data/figures.csv?release=1"


class Site:
    """A gunicorn of two workers at the tests' database."""

    def __init__(self, folder: Path):
        self.kept, self.sql = folder / "kept", folder / "figures.sql"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        database = connection.get_connection_params()
        url = f"postgresql://lmlecc@/{database['dbname']}?host={quote(database['host'], safe='')}"
        told = {"DEMO": "1", "DATABASE_URL": url, "KEPT": str(self.kept), "FIGURES_SQL": str(self.sql)}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        serve = ["-m", "gunicorn", "-w", "2", "--threads", "4", "--preload", "--no-control-socket"]
        self.process = subprocess.Popen(
            [
                sys.executable,
                *serve,
                "-b",
                f"127.0.0.1:{self.port}",
                "--chdir",
                "tests",
                "served:application",
            ],
            cwd=settings.BASE_DIR,
            env=kept
            | told
            | {"PYTHONPATH": str(settings.BASE_DIR), "DJANGO_SETTINGS_MODULE": "lmlecc.settings"},
            stderr=open(folder / "log", "w"),  # noqa: SIM115 — closed with the process
        )
        for _attempt in range(200):
            time.sleep(0.05)
            if self.workers() and self._answers():
                return
        raise RuntimeError((folder / "log").read_text())

    def _answers(self) -> bool:
        try:
            return self.ask("/healthz").status == 200
        except OSError:
            return False

    def ask(self, address: str, **headers) -> http.client.HTTPResponse:
        """The answer, its content unread."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asking.request(
            "GET", address, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        return asking.getresponse()

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def memory(self) -> int:
        """The most that any worker has occupied at once, in kB."""
        found = [Path(f"/proc/{pid}/status").read_text() for pid in self.workers()]
        return max(int(one.split("VmHWM:")[1].split()[0]) for one in found)

    def found_kept(self) -> list[Path]:
        return [one for one in self.kept.glob("*") if not one.name.startswith(".")]

    def forget(self) -> None:
        """Keep nothing any more."""
        for one in self.found_kept():
            shutil.rmtree(one, ignore_errors=True)


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture
def site(site_folder, started):
    """The site with the release of two months; nothing is kept yet."""
    two_months()
    started.forget()
    return started


@pytest.fixture(scope="module")
def started(site_folder, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        one = Site(site_folder)
    yield one
    one.process.send_signal(signal.SIGTERM)
    one.process.wait(timeout=30)


def until(true, seconds=10):
    """Wait for what is about to be so."""
    for _attempt in range(seconds * 20):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("It did not come to be so.")


def lines(content: bytes) -> int:
    return content.count(b"\n") - 1


# ------------------------------------------------------------------------------------------- as it should


@pytest.mark.parametrize("name", sorted(FORMS))
def test_each_form_is_served_alike_fresh_and_kept(site, name):
    site.sql.write_text("")
    fresh = site.ask(f"/data/{name}?release=1")
    content = fresh.read()
    assert fresh.status == 200 and content
    until(lambda: site.found_kept())
    kept = site.ask(f"/data/{name}?release=1")
    assert kept.read() == content
    told = ("ETag", "Content-Type", "Content-Disposition", "X-Release", "X-Reports", "X-Row-Count")
    assert [kept.headers[one] for one in told] == [fresh.headers[one] for one in told]
    if name == "figures.csv":
        assert content == (Path(__file__).parent / "golden" / name).read_bytes()


def test_a_long_file_arrives_whole_and_is_kept_as_it_was(site):
    site.sql.write_text(MANY)
    first = site.ask(FIRST)
    content = first.read()
    assert lines(content) == ROWS
    until(lambda: site.found_kept() and (site.found_kept()[0] / "file.br").exists())
    again = site.ask(FIRST)
    assert again.read() == content and again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Content-Length"] == str(len(content)) and "Content-Length" not in first.headers
    for name in ("X-Release", "X-Reports", "X-Row-Count", "Content-Disposition", "Cache-Control"):
        assert again.headers[name] == first.headers[name]


def test_kept_files_are_sent_compressed_to_whom_understands_it(site):
    site.sql.write_text(MANY)
    content = site.ask(FIRST).read()
    until(lambda: site.found_kept() and (site.found_kept()[0] / "file.br").exists())
    marks = {site.ask(FIRST).headers["ETag"]}
    for accepted, coding, unpack in [
        ("gzip, deflate", "gzip", gzip.decompress),
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("br;q=0.0", None, bytes),
    ]:
        packed = site.ask(FIRST, Accept_Encoding=accepted)
        assert packed.headers["Content-Encoding"] == coding
        assert unpack(packed.read()) == content
        marks.add(packed.headers["ETag"])
    assert len(marks) == 3
    for mark in marks:
        assert site.ask(FIRST, If_None_Match=mark).status == 304


def test_first_rows_come_while_the_last_are_not_yet_there(site):
    site.sql.write_text(SLOW)
    began = time.monotonic()
    answer = site.ask("/data/figures.csv?release=1&country=KH")
    assert answer.readline().startswith(b"operation,") and time.monotonic() - began < 1
    assert len(answer.read().splitlines()) == 4 and time.monotonic() - began > 2


def test_a_long_file_takes_no_more_memory_than_a_short_one(site):
    site.sql.write_text(MANY.replace(str(ROWS), "10000"))
    for _each in range(8):  # both workers, warm
        site.ask("/data/figures.csv?release=1&country=KH").read()
        site.forget()
    before = site.memory()
    site.sql.write_text(MANY)
    assert lines(site.ask("/data/figures.csv?release=1&country=LA").read()) == ROWS
    until(lambda: site.found_kept() and (site.found_kept()[0] / "file.br").exists())
    assert site.memory() - before < 20_000


def test_who_reads_slowly_does_not_keep_the_database_waiting(site):
    site.sql.write_text(MANY)
    answer = site.ask(FIRST)
    answer.read(1000)
    until(site.found_kept)
    with connection.cursor() as cursor:
        cursor.execute(
            "RESET ROLE; SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute(f"SET ROLE {settings.WEB_ROLE}")
    assert lines(b"\n" + answer.read()) > ROWS - 100


def test_many_at_once_get_the_same_bytes(site):
    from concurrent.futures import ThreadPoolExecutor

    site.sql.write_text(MANY.replace(str(ROWS), "50000"))
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: site.ask(FIRST).read(), range(18)))
    assert {hashlib.sha256(one).hexdigest() for one in answers} == {hashlib.sha256(answers[0]).hexdigest()}
    assert lines(answers[0]) == 50000
    until(lambda: not [one for one in site.kept.iterdir() if one.name.startswith(".")])
    assert len(site.found_kept()) == 1


# -------------------------------------------------------------------------------------------- broken off


def test_an_error_on_the_way_breaks_the_download(site):
    site.sql.write_text(BREAKING)
    answer = site.ask(FIRST)
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert not site.found_kept()
    with pytest.raises(http.client.IncompleteRead):
        pandas.read_csv(f"http://127.0.0.1:{site.port}{FIRST}")


def test_a_worker_killed_on_the_way_breaks_the_download(site):
    site.sql.write_text(MANY)
    answer = site.ask(FIRST)
    answer.read(1000)
    for pid in site.workers():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    # The next one is whole, whatever the killed one left behind.
    until(lambda: site._answers())
    assert lines(site.ask(FIRST).read()) == ROWS


def test_a_worker_killed_while_it_writes_leaves_nothing_half_to_serve(site):
    site.sql.write_text(SLOW)
    site.ask(FIRST).readline()
    left = list(site.kept.iterdir())
    assert left and not site.found_kept()
    for pid in site.workers():
        os.kill(pid, signal.SIGKILL)
    site.sql.write_text(MANY)
    until(lambda: site._answers())
    assert lines(site.ask(FIRST).read()) == ROWS
    until(site.found_kept)
    assert lines(site.ask(FIRST).read()) == ROWS


def old_style(site, address: str) -> bytes:
    """All that comes back to a client that knows HTTP/1.0 only, as some proxies do."""
    with closing(socket.create_connection(("127.0.0.1", site.port), timeout=30)) as line:
        line.sendall(f"GET {address} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_who_could_not_tell_that_it_broke_is_told_the_length_first(site):
    site.sql.write_text(MANY)
    head, _blank, content = old_style(site, FIRST).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in head and lines(content) == ROWS
    site.sql.write_text(BREAKING)
    head, _blank, content = old_style(site, "/data/figures.csv?release=1&country=KH").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 500") and b'"server_error"' in content
