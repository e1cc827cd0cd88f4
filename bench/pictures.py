"""Pictures of what was measured, as SVG that is readable in light and in dark. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

WIDTH, MARGIN, LINE = 760, 16, 28
NAMES_WIDTH, VALUES_WIDTH = 290, 90
BAR_HEIGHT, TEXT_DROP = 16, 13
PLOT_WIDTH, PLOT_HEIGHT, AXIS = 440, 300, 46
KIBI = 1024
COLORS = ("a", "b", "c", "d", "e", "f")
STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}
.quiet{fill:#59636e}
.axis{stroke:#d1d9e0;fill:none}
.line{fill:none;stroke-width:2}
.a{fill:#0969da}.b{fill:#bf8700}.c{fill:#1a7f37}.d{fill:#8250df}.e{fill:#cf222e}.f{fill:#59636e}
.line.a{stroke:#0969da}.line.b{stroke:#bf8700}.line.c{stroke:#1a7f37}
.line.d{stroke:#8250df}.line.e{stroke:#cf222e}.line.f{stroke:#59636e}
.line{fill:none!important}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.quiet{fill:#9198a1}.axis{stroke:#3d444d}}
</style>"""


def bars(title: str, values: Mapping[str, float], ours: Iterable[str], unit: str) -> str:
    """Return one bar for each value, ours in another color."""
    scale = (WIDTH - NAMES_WIDTH - VALUES_WIDTH) / max(values.values())
    known, rows = set(ours), []
    for row, (name, value) in enumerate(values.items()):
        y = MARGIN + LINE * (row + 1)
        rows += [
            text(NAMES_WIDTH - 10, y + TEXT_DROP, name, anchor="end"),
            box(NAMES_WIDTH, y, value * scale, "a" if name in known else "f"),
            text(NAMES_WIDTH + value * scale + 8, y + TEXT_DROP, f"{value:,.0f} {unit}", "quiet"),
        ]
    return picture(title, rows, MARGIN * 2 + LINE * (len(values) + 1))


def stacked(title: str, values: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """Return one bar for each group, all as long as the whole of the group, made of its parts."""
    rows = []
    for row, (name, parts) in enumerate(values.items()):
        y, x, whole = MARGIN + 2 * LINE * (row + 1) - LINE, 100.0, sum(parts.values())
        scale = (WIDTH - x - VALUES_WIDTH) / whole
        rows.append(text(90, y + TEXT_DROP, name, anchor="end"))
        for color, value in zip(COLORS, parts.values(), strict=False):
            rows.append(box(x, y, value * scale, color))
            x += value * scale
        rows.append(text(x + 8, y + TEXT_DROP, f"{whole:.1f} {unit}", "quiet"))
        told = ", ".join(f"{part} {value:.1f}" for part, value in parts.items())
        rows.append(text(100, y + LINE + TEXT_DROP - 6, told, "quiet"))
    legend_y = MARGIN + 2 * LINE * len(values) + LINE
    for place, (color, part) in enumerate(zip(COLORS, next(iter(values.values())), strict=False)):
        rows += [
            box(100 + 130 * place, legend_y, BAR_HEIGHT, color),
            text(122 + 130 * place, legend_y + TEXT_DROP, part),
        ]
    return picture(title, rows, legend_y + LINE + MARGIN)


def lines(title: str, values: Mapping[str, Mapping[float, float]], x_name: str) -> str:
    """Return one line for each series, both axes logarithmic and as wide as all of them."""
    sizes = [size for series in values.values() for size in series]
    costs = [cost for series in values.values() for cost in series.values()]
    left, top = AXIS, MARGIN + LINE
    x_of = place(sizes, left, left + PLOT_WIDTH)
    y_of = place(costs, top + PLOT_HEIGHT, top)
    drawn = [f'<path class="axis" d="M{left} {top}V{top + PLOT_HEIGHT}H{left + PLOT_WIDTH}"/>']
    drawn += [
        text(x_of(size), top + PLOT_HEIGHT + 18, short(size), "quiet", "middle") for size in powers(sizes, 8)
    ]
    drawn += [text(left - 6, y_of(cost) + 4, short(cost), "quiet", "end") for cost in powers(costs, 10)]
    for color, (name, series) in zip(COLORS, values.items(), strict=False):
        points = " ".join(f"{x_of(size):.1f},{y_of(cost):.1f}" for size, cost in series.items())
        row = top + LINE * COLORS.index(color)
        drawn += [
            f'<polyline class="line {color}" points="{points}"/>',
            box(left + PLOT_WIDTH + 24, row, BAR_HEIGHT, color),
            text(left + PLOT_WIDTH + 46, row + TEXT_DROP, name),
        ]
    drawn.append(text(left + PLOT_WIDTH / 2, top + PLOT_HEIGHT + 38, x_name, "quiet", "middle"))
    return picture(title, drawn, top + PLOT_HEIGHT + AXIS + MARGIN)


def place(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    """Return where a value is between two places, by its logarithm."""
    low, high = math.log(min(values)), math.log(max(values))
    return lambda value: start + (math.log(value) - low) / (high - low) * (end - start)


def powers(values: Sequence[float], base: int) -> list[float]:
    """Return the powers of a base that lie among the values."""
    low, high = (math.log(one, base) for one in (min(values), max(values)))
    return [float(base**one) for one in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]


def short(value: float) -> str:
    """Write a number of an axis."""
    return f"{value:,.0f}" if value % KIBI else f"{value / KIBI:.0f}k"


def box(x: float, y: float, width: float, color: str) -> str:
    """Return a piece of a bar."""
    return (
        f'<rect class="{color}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{BAR_HEIGHT}"/>'
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """Return words."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def picture(title: str, drawn: Sequence[str], height: int) -> str:
    """Return the whole SVG; its title is also what it is called where it cannot be seen."""
    space = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
    head = f'<svg {space} role="img" aria-labelledby="t">\n<title id="t">{escape(title)}</title>'
    return "\n".join([head, STYLE, text(MARGIN, MARGIN + 8, title), *drawn, "</svg>\n"])
