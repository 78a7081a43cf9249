"""How the admin says what answers took."""

from django import template

from chat import reports

register = template.Library()

register.filter("cost", reports.money)
register.filter("seconds", reports.seconds)


@register.filter
def count(number: int | None) -> str:
    """1234 → 1,234; nothing → –."""
    return f"{number:,}" if number else "–"
