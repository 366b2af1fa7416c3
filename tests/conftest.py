"""The tests' ground: a PostgreSQL of their own, the web role's rights, the catalogue, a browser.

Every test talks to the database as the web role, so that a missing grant shows; `as_owner()` is the way around.
"""

import io
import os
import shutil
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import TransactionTestCase
from django.utils import translation

# lxml is here for a reader of SDMX only: the product has none, and openpyxl would read and write by it.
os.environ["OPENPYXL_LXML"] = "False"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: needs a Chromium")


def chromium():
    """The path of a Chromium, or None."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pytest_collection_modifyitems(items):
    if not chromium():
        way = "no Chromium: apt install chromium, or name one with CHROMIUM=/path/to/it"
        skip = pytest.mark.skip(reason=way)
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(skip)


@contextmanager
def as_owner():
    """The tables' owner, for a moment and with the guards off: to look behind the web role."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SET session_replication_role = replica")
        try:
            yield cursor
        finally:
            cursor.execute(f"SET session_replication_role = origin; SET ROLE {settings.WEB_ROLE}")


def take_web_role(connection, **kwargs):
    with connection.connection.cursor() as cursor:  # psycopg2's own, which no test counts as a query
        cursor.execute(f"SET ROLE {settings.WEB_ROLE}")
    connection.connection.commit()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The tests' database with the catalogue in it."""
    with django_db_blocker.unblock():
        connection_created.connect(take_web_role, weak=False)
        connection.close()
        call_command("load_catalogue", verbosity=0)
        kept = copied_tables()
    restore = pytest.MonkeyPatch()
    restore.setattr(TransactionTestCase, "_fixture_teardown", lambda self: put_back(kept))
    yield
    restore.undo()
    connection_created.disconnect(take_web_role)
    with django_db_blocker.unblock():
        connection.close()


@pytest.fixture(autouse=True)
def language_of_nobody():
    """Let no page read in Thai decide in which language the next test is spoken to."""
    translation.deactivate()


@pytest.fixture(scope="session")
def catalogue(django_db_setup):
    """Says that a test needs the catalogue; it is always there."""


def copied_tables():
    """Table → its rows as COPY writes them, for every table that has any but the list of migrations."""
    kept = {}
    with as_owner() as cursor:
        for table in connection.introspection.table_names(cursor):
            rows = io.StringIO()
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)
            kept[table] = rows.getvalue()
    kept.pop("django_migrations")
    return kept


def put_back(kept):
    """Make the tables as they were when they were copied.

    Django's own flush would take the catalogue with it, and stop at the tables that refuse to be emptied.
    """
    with as_owner() as cursor:
        cursor.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in kept))
        for table, rows in kept.items():
            if rows:
                cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))


@pytest.fixture(scope="session")
def browser():
    """A Chromium; ask `browser.new_context()` for a reader of your own."""
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        chrome = playwright.chromium.launch(executable_path=chromium(), args=flags)
        yield chrome
        chrome.close()
