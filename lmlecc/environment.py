"""Values from the environment, read and checked; a bad one stops the start with a sentence that names it."""

import os
import re
import secrets
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TESTING = "PYTEST_VERSION" in os.environ  # which pytest itself sets

env = environ.FileAwareEnv()  # SECRET_KEY_FILE=/run/secrets/key stands for SECRET_KEY, and so on
if TESTING:
    env.ENVIRON = {}  # the tests say the same in every shell

YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(name):
    """The value without spaces around it; "" when unset."""
    try:
        return env.str(name, default="").strip()
    except (OSError, ValueError):
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read.") from None


def flag(name, default):
    """True or False; `default` when unset."""
    value = text(name).lower()
    if not value:
        return default
    if value not in YES | NO:
        raise ImproperlyConfigured(f"{name} must be 1 or 0.")
    return value in YES


def words(name):
    """The values between commas; [] when unset."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def origins(name):
    """Addresses such as https://figures.example.org, from a list with commas; [] when unset."""
    for origin in (values := words(name)):
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
            raise ImproperlyConfigured(
                f"{name} lists addresses like https://figures.example.org, with commas between."
            )
    return values


def secret_key(name):
    """A key of at least 50 characters."""
    value = text(name)
    make_one = 'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set: make one with {make_one}, or set DEMO=1 for a demonstration on this machine."
        )
    if len(value) < 50 or len(set(value)) < 5:
        raise ImproperlyConfigured(f"{name} is too easy to guess: make one with {make_one}.")
    return value


def kept_secret_key(file: Path):
    """The key in this file, made at the first call; only its owner may read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _write_secret_key(file)
        return file.read_text()
    except OSError as problem:
        raise ImproperlyConfigured(
            f"The demonstration keeps its SECRET_KEY in {file}, which cannot be used ({problem.strerror}): "
            "start it as the user who did before, or set SECRET_KEY."
        ) from None


def _write_secret_key(file):
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as new:
        new.write(secrets.token_urlsafe(64))
    try:
        os.link(fresh, file)  # whole or not at all, and the first of two processes wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def database(name):
    """Django's settings for the PostgreSQL at this postgresql:// address, or None when unset.

    A socket folder may stand as ?host=/folder or as %2Ffolder in the place of the host.
    """
    if not (url := text(name)):
        return None
    like = "postgresql://user:password@host:5432/database"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for a port that is no number
        found = environ.Env.db_url_config(url, engine="django.db.backends.postgresql")
    except ValueError:
        raise ImproperlyConfigured(f"{name} cannot be read; it looks like {like}.") from None
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be the address of a PostgreSQL, like {like}.")
    if not found["NAME"]:
        raise ImproperlyConfigured(f"{name} names no database; it looks like {like}.")
    options = found.pop("OPTIONS", {})
    # In HOST, where `manage.py dbshell` looks too; in the options it would call another server.
    return found | {"HOST": options.pop("host", unquote(found["HOST"])), "OPTIONS": options}


def email(name):
    """Django's EMAIL_… settings from an address like smtp+tls://user:password@host:587; {} when unset."""
    if not (url := text(name)):
        return {}
    try:
        found = environ.Env.email_url_config(url)
    except (ValueError, ImproperlyConfigured):
        like = "smtp+tls://user:password@host:587"
        raise ImproperlyConfigured(f"{name} cannot be read; it looks like {like}.") from None
    found.pop("OPTIONS", None)
    return {key: value for key, value in found.items() if value is not None}


def site_address(name):
    """The address at which people reach the site, like https://figures.example.org; "" when unset."""
    value = text(name).rstrip("/")
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[:\]]+", value):
        raise ImproperlyConfigured(f"{name} must be an address like https://figures.example.org.")
    return value


def sender(name):
    """The address from which the site writes; "" when unset."""
    value = text(name)
    if value and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", value):
        raise ImproperlyConfigured(f"{name} must be an e-mail address, like reports@figures.example.org.")
    return value


def web_address(name):
    """An https:// address; "" when unset."""
    if (value := text(name)) and not (urlsplit(value).scheme == "https" and urlsplit(value).netloc):
        raise ImproperlyConfigured(f"{name} must be an https:// address.")
    return value


def is_loopback(host):
    """Whether a server bound to this host, or a client with this address, is this machine itself."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def bind():
    """(host, port) to serve on: HOST and PORT, or 127.0.0.1 and 8000."""
    port = text("PORT") or "8000"
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ImproperlyConfigured("PORT must be a number from 1 to 65535.")
    return (text("HOST") or "127.0.0.1").strip("[]"), int(port)


def refuse_strangers(host):
    """The demonstration's passwords are public: refuse to serve it beyond this machine."""
    if not is_loopback(host):
        raise ImproperlyConfigured(
            f"HOST={host} would show the demonstration, whose passwords are public, to other machines: "
            "use 127.0.0.1, or set DEMO=0 with a SECRET_KEY of your own."
        )
