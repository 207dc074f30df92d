"""Two kinds of plots as SVG: bars side by side, and lines."""

import math
from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#9aa5b1", "#1f6feb", "#2da44e")
WIDTH, LEFT, RIGHT, ROW, TOP = 760, 190, 60, 15, 64
HEIGHT = 360

Text = str


def bars(title: str, note: str, labels: Sequence[str], series: Mapping[str, Sequence[float]]) -> Text:
    """Horizontal bars: of each label, one for each series."""
    most = max([value for values in series.values() for value in values] or [1.0]) or 1.0
    step = ROW * len(series) + 8
    parts = _head(title, note, series)
    for n, label in enumerate(labels):
        y = TOP + n * step
        parts.append(_text(LEFT - 8, y + step / 2, label, anchor="end"))
        for number, values in enumerate(series.values()):
            width = (WIDTH - LEFT - RIGHT) * values[n] / most
            top = y + number * ROW
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{ROW - 2}" fill="{COLOURS[number]}"/>'
            )
            parts.append(_text(LEFT + width + 5, top + ROW - 4, _number(values[n])))
    return _whole(parts, TOP + len(labels) * step + 8)


def lines(
    title: str, note: str, x: Sequence[float], series: Mapping[str, Sequence[float]], *, logarithmic: bool = False
) -> Text:
    """A line for each series over x, from 0 up; x may be logarithmic."""
    places = [math.log10(value) if logarithmic else value for value in x]
    most = max(value for values in series.values() for value in values) or 1.0
    low, wide = places[0], (places[-1] - places[0]) or 1.0

    def at(place: float, value: float) -> tuple[float, float]:
        across = LEFT / 2 + (WIDTH - LEFT / 2 - RIGHT) * (place - low) / wide
        return across, HEIGHT - (HEIGHT - TOP) * value / most

    parts = _head(title, note, series)
    for share in (0, 0.25, 0.5, 0.75, 1):
        begin, end = at(low, most * share), at(places[-1], most * share)
        parts.append(f'<path d="M{begin[0]:.1f} {begin[1]:.1f}H{end[0]:.1f}" stroke="#d0d7de"/>')
        parts.append(_text(begin[0] - 8, begin[1] + 4, _number(most * share), anchor="end"))
    for place, value in list(zip(places, x, strict=True))[:: max(1, len(x) // 8)]:
        parts.append(_text(at(place, 0)[0], HEIGHT + 18, _number(value), anchor="middle"))
    for number, values in enumerate(series.values()):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in (at(p, v) for p, v in zip(places, values, strict=True)))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[number]}" stroke-width="2"/>')
    return _whole(parts, HEIGHT + 30)


def _head(title: str, note: str, series: Mapping[str, Sequence[float]]) -> list[str]:
    parts = [_text(12, 22, title, size=15, weight="bold"), _text(12, 40, note, colour="#57606a")]
    for number, name in enumerate(series):
        across = WIDTH - 20 - 190 * (len(series) - number)
        parts.append(f'<rect x="{across}" y="30" width="12" height="12" fill="{COLOURS[number]}"/>')
        parts.append(_text(across + 18, 40, name))
    return parts


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    weight: str = "normal",
    colour: str = "#24292f",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{colour}">{escape(text)}</text>'
    )


def _whole(parts: Sequence[str], height: float) -> Text:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', *parts, "</svg>", ""])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"
