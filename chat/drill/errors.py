"""Why a drill could not be held."""


class DrillError(Exception):
    """The drill says nothing about the installation; the text says why and what to do."""
