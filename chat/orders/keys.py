"""Numbers as they are compared: letters and digits in capitals, however they are written.

The database itself keeps the key beside the number, so no bulk write misses it.
"""

from functools import reduce

from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Replace, Upper

# What shops and carriers put between the letters and digits of a number.
SIGNS = "-/._# "


def key_field(field: str, max_length: int) -> models.GeneratedField:
    """A column with the key of another one: ``EN-2024/1018`` → ``EN20241018``."""
    capitals: Func = Upper(F(field))
    bare = reduce(lambda text, sign: Replace(text, Value(sign), Value("")), SIGNS, capitals)
    return models.GeneratedField(
        expression=bare,
        output_field=models.CharField(max_length=max_length),
        db_persist=True,
        db_index=True,
    )
