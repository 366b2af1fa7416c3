#!/usr/bin/env python3
"""Django's commands for this project: `python manage.py help` lists them."""

import os
import sys


def main():
    """Run the command named on the command line; a wrong setting ends it with the sentence that names it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lmlecc.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018  reads the settings, so that what is wrong with them shows here
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
