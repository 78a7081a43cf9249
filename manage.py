#!/usr/bin/env python
"""Django's command line, on the settings of this project."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # The text names the variable and what it takes; where in our code that was found is noise.
        sys.exit(f"{sys.argv[0]}: {error}")
