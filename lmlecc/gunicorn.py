"""How gunicorn serves: `python -m gunicorn -c lmlecc/gunicorn.py lmlecc.wsgi`."""

import os
import signal
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lmlecc.settings")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the workers are the threads
# Until gunicorn listens to them itself: end in good order, so that what was started here is stopped.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: sys.exit(1))

try:
    from lmlecc import environment

    host, port = environment.bind()
    if settings.DEMO:
        environment.refuse_strangers(host)
except ImproperlyConfigured as problem:
    sys.exit(str(problem))

bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
workers = 2
threads = 4
preload_app = True
graceful_timeout = 10  # as long as the slowest page may take: settings.py
control_socket_disable = True
forwarder_headers = ""  # nobody outside says under which path or name this site runs
loglevel = "warning"

if not (settings.STATIC_ROOT / "staticfiles.json").exists():
    sys.exit("The styles and scripts are not in their place: run python manage.py collectstatic first.")
if folder := settings.DATABASES["default"].get("EMBEDDED"):
    from lmlecc.embedded_pg import Server, ServerError

    server = Server(folder)
    try:
        server.hold()  # workers come and go: the database stops with their master
        server.start()
    except ServerError as problem:
        sys.exit(str(problem))


def on_starting(arbiter):
    """The last look at where it will listen, for there is -b on the command line too."""
    for address in arbiter.cfg.address if settings.DEMO else ():
        try:
            environment.refuse_strangers(address[0] if isinstance(address, tuple) else str(address))
        except ImproperlyConfigured as problem:
            sys.exit(str(problem))


def post_worker_init(worker):
    """Ctrl-C reaches every process of the terminal; the workers leave it to their master.

    It sends them SIGQUIT at the same moment, and two at once can lock a worker of gunicorn 27 for good: its
    answer to both takes the thread pool's lock, which is not re-entrant.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def when_ready(arbiter):
    """Say where it is."""
    if settings.DEMO:
        arbiter.handle_hup = arbiter.handle_term  # a closed terminal ends the demonstration as Ctrl-C does
    print(welcome() if settings.DEMO else f"Serving http://{bind}", flush=True)


def welcome():
    """The address and the accounts of the demonstration."""
    return f"""
  Safe Lancang–Mekong, a demonstration: http://{bind}

  Accounts   officer.kh  officer.cn  officer.la.mps  officer.la.mnd  officer.mm  officer.th  officer.vn
             reviewer  publisher  official  analyst  administrator
  Password   {settings.DEMO_PASSWORD}

  Ctrl-C stops it; what was entered is kept in var/.
"""
