"""The picture for docs/performance.md, as SVG."""

from math import log10
from typing import Any

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 110, 30, 50
COLOURS = {"baseline": "#b4552d", "ours": "#1f6f8b"}


def cost_by_history(results: dict[str, Any]) -> str:
    """CPU of a turn against the length of the history, both axes logarithmic.

    Of the benchmark's ``results`` the scenarios with one customer at a time count.
    """
    lines = {
        name: [
            (scenario["history"], scenario[name]["cpu_ms"])
            for scenario in results["scenarios"]
            if scenario["at_once"] == 1
        ]
        for name in COLOURS
    }
    points = [point for line in lines.values() for point in line]
    lengths = sorted({length for length, _ in points})
    costs = decades(min(cost for _, cost in points), max(cost for _, cost in points))
    x = scale(lengths[0], lengths[-1], LEFT, WIDTH - RIGHT)
    y = scale(costs[0], costs[-1], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(LEFT, 18, "CPU of a turn in the server (ms)"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "messages in the history", "middle"),
    ]
    for cost in costs:
        parts += [
            f'<path d="M{LEFT} {y(cost):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
            text(LEFT - 8, y(cost) + 4, f"{cost:g}", "end"),
        ]
    parts += [text(x(length), HEIGHT - 30, f"{length:,}", "middle") for length in lengths]
    for name, line in lines.items():
        path = " ".join(f"{x(length):.1f},{y(cost):.1f}" for length, cost in line)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2.5"/>'
        )
        for length, cost in line:
            parts += [
                f'<circle cx="{x(length):.1f}" cy="{y(cost):.1f}" r="4" fill="{COLOURS[name]}"/>',
                text(x(length), y(cost) - 9, f"{cost:.3g}", "middle", COLOURS[name]),
            ]
        length, cost = line[-1]
        parts.append(text(x(length) + 26, y(cost) + 4, name, "start", COLOURS[name]))
    return "\n".join([*parts, "</svg>", ""])


def decades(low: float, high: float) -> list[float]:
    """The powers of ten from below ``low`` to above ``high``."""
    first, last = int(log10(low) // 1), int(-(-log10(high) // 1))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def scale(low: float, high: float, start: float, end: float) -> Any:
    """A function from values to places on a logarithmic axis."""
    width = log10(high / low) or 1.0
    return lambda value: start + (end - start) * log10(value / low) / width


def text(x: float, y: float, words: str, anchor: str = "start", fill: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{words}</text>'
