"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with the memory that OWASP recommends at the least.

    Django's own takes 100 MiB for each login, on a server where many log in at once. Source: OWASP
    Password Storage Cheat Sheet (m=19456 KiB, t=2, p=1).
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1
