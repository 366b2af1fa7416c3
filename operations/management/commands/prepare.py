"""What `make run` does before it serves: the database up to date, catalogue and demonstration in it."""

import signal
import socket
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, call_command
from django.db import OperationalError

from lmlecc import environment


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = ()  # `make run` is to be quick; the tests check

    def handle(self, *args, **options):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an embedded server is stopped too
        host, port = environment.bind()
        if settings.DEMO:
            environment.refuse_strangers(host)
        refuse_taken(host, port)
        try:
            call_command("migrate", verbosity=0, skip_checks=True)
        except OperationalError as problem:
            why = " ".join(str(problem).split())
            raise ImproperlyConfigured(f"The database cannot be reached: {why}") from problem
        call_command("load_catalogue", verbosity=0)
        if settings.DEMO:
            call_command("load_demonstration", verbosity=0)


def refuse_taken(host, port):
    """ImproperlyConfigured where nothing can be served at this address."""
    try:
        (family, kind, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            trial.bind(address)
    except OSError as problem:
        raise ImproperlyConfigured(
            f"Port {port} of {host} cannot be used ({problem.strerror}): "
            f"choose another one, as in make run PORT={8001 if port == 8000 else 8000}."
        ) from problem
