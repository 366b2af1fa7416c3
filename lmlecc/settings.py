"""All settings, from the environment. `make run` sets DEMO=1; the README lists the rest."""

import hashlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.conf import locale
from django.core.exceptions import ImproperlyConfigured

from . import environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"  # everything the running product writes

# The tests have a secret, a server and plain http of their own, whatever the environment says.
TESTING = environment.TESTING
DEMO = environment.flag("DEMO", default=False)
HTTPS = not (DEMO or TESTING)

# What is released may be read without signing in.
PUBLIC_RESULTS = environment.flag("PUBLIC_RESULTS", default=DEMO)
DEMO_PASSWORD = environment.text("DEMO_PASSWORD") or "lancang-mekong"

DEBUG = False
if TESTING:
    SECRET_KEY = "for-the-tests-only-" * 4
elif DEMO and not environment.text("SECRET_KEY"):
    SECRET_KEY = environment.kept_secret_key(VAR / "secret-key")
else:
    SECRET_KEY = environment.secret_key("SECRET_KEY")

ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
if DEMO or TESTING:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
elif not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set: list the host names of this site, with commas between."
    )
CSRF_TRUSTED_ORIGINS = environment.origins("CSRF_TRUSTED_ORIGINS")

ROOT_URLCONF = "lmlecc.urls"
WSGI_APPLICATION = "lmlecc.wsgi.application"
INSTALLED_APPS = [
    "operations.apps.OperationsConfig",  # before Django's own: its `migrate` is the one that is called
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lmlecc.headers.permissions_policy",
    "lmlecc.headers.nothing_private_is_kept",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if DEMO:
    MIDDLEWARE.insert(0, "lmlecc.headers.this_machine_only")
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "operations.context.site",
            ],
        },
    },
]

# The database. "default" is the web role, which owns nothing; "owner" owns the tables and migrates.
# Without DATABASE_URL it is the PostgreSQL that the project starts itself.
WEB_ROLE = "lmlecc"
DATABASES = {
    "default": environment.database("DATABASE_URL"),
    "owner": environment.database("DATABASE_OWNER_URL"),
}
environment.database("DATABASE_REPLICA_URL")
if TESTING or not DATABASES["default"]:
    from . import embedded_pg  # POSIX only, so not where DATABASE_URL is set

    if DATABASES["owner"] and not TESTING:
        raise ImproperlyConfigured("DATABASE_OWNER_URL is set and DATABASE_URL is not: set both or neither.")
    folder = embedded_pg.throwaway_folder() if TESTING else VAR / "pg"
    embedded = {"ENGINE": "lmlecc.pg", "NAME": "lmlecc", "EMBEDDED": folder, "DURABLE": not TESTING}
    DATABASES = {"default": embedded | {"USER": WEB_ROLE}, "owner": embedded | {"USER": "postgres"}}
if TESTING:  # the tests' database is made by its owner, and tests/conftest.py then takes the web role
    DATABASES = {"default": DATABASES["owner"]}
else:
    WEB_ROLE = DATABASES["default"]["USER"]
    if DATABASES["owner"] in (None, DATABASES["default"]):
        del DATABASES["owner"]
# Files of releases, kept as they were first written; they can be deleted at any time.
KEPT = (folder.parent if TESTING else VAR) / "kept"
# A page waits ten seconds at most and never holds a lock while it thinks; loading and migrating take their time.
limits = {"timezone": "UTC"}
if Path(sys.argv[0]).name != "manage.py":
    limits |= {"statement_timeout": "10s", "lock_timeout": "3s", "idle_in_transaction_session_timeout": "10s"}
for database in DATABASES.values():
    options = database.setdefault("OPTIONS", {})
    given = str(options.get("options", ""))
    options["options"] = " ".join([given, *(f"-c {name}={value}" for name, value in limits.items())]).strip()
    database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

AUTH_USER_MODEL = "operations.Person"
PASSWORD_HASHERS = ["lmlecc.hashers.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in {
        "UserAttributeSimilarityValidator": {},
        "MinimumLengthValidator": {"min_length": 12},
        "CommonPasswordValidator": {},
        "NumericPasswordValidator": {},
    }.items()
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

# Languages, each by its own name; English has no prefix in addresses.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("zh-hans", "中文（简体）"),
    ("km", "ខ្មែរ"),
    ("lo", "ລາວ"),
    ("my", "မြန်မာ"),
    ("th", "ไทย"),
    ("vi", "Tiếng Việt"),
]
locale.LANG_INFO["lo"] = {"bidi": False, "code": "lo", "name": "Lao"}  # Django does not know it
for code, name in LANGUAGES:
    locale.LANG_INFO[code]["name_local"] = name  # Django names Khmer in English
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# What the browser may do: nothing inline, nothing from outside.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
CSRF_FAILURE_VIEW = "lmlecc.errors.no_token"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked from inside, without https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
if HTTPS:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
else:  # cookies know no port: two clones on one machine would sign each other out
    clone = hashlib.sha256(os.fsencode(BASE_DIR)).hexdigest()[:8]
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"session-{clone}", f"csrf-{clone}"

# Mail, with links that begin with SITE_URL. Without EMAIL_URL the demonstration writes files, a real site sends none.
SITE_URL = environment.site_address("SITE_URL") or ("http://127.0.0.1:8000" if DEMO or TESTING else "")
MAIL = environment.email("EMAIL_URL")
if DEMO and not MAIL:
    MAIL = {
        "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "EMAIL_FILE_PATH": VAR / "mail",
    }
globals().update(MAIL)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = (
    environment.sender("EMAIL_FROM") or f"reports@{urlsplit(SITE_URL).hostname or 'localhost'}"
)
environment.web_address("SENTRY_DSN")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "security": {"()": "lmlecc.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler"},
        "security": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "security"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"level": "WARNING", "handlers": [], "propagate": True},
        "django.security": {"handlers": ["security"], "level": "INFO", "propagate": False},
        "operations.security": {"handlers": ["security"], "level": "INFO", "propagate": False},
    },
}
