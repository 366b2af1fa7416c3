"""How passwords are kept: Argon2id."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """19 MiB, two passes, one lane: the first choice of OWASP's Password Storage Cheat Sheet.

    Django's own default takes 100 MiB for each sign-in, 800 MiB for eight at once.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
