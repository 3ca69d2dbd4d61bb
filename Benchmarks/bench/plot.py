# SPDX-License-Identifier: Apache-2.0
"""Bar charts as SVG: one mode's first figure by peer, with the spread of the rounds."""

from xml.sax.saxutils import escape

WIDTH, BAR, GAP, TOP, LEFT, RIGHT = 760, 22, 12, 56, 270, 90
OURS, OTHERS, INK, FAINT = "#2f6f4f", "#9aa5b1", "#1f2933", "#52606d"


def bars(title, unit, values):
    """`values`: (label, median, lowest, highest, ours?) for each bar."""
    height = TOP + len(values) * (BAR + GAP) + GAP
    scale = (WIDTH - LEFT - RIGHT) / max(highest for _, _, _, highest, _ in values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        f' font-size="13" role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="bold" fill="{INK}">{escape(title)}</text>',
        f'<text x="16" y="42" fill="{FAINT}">{escape(unit)}</text>']
    for row, (label, median, lowest, highest, ours) in enumerate(values):
        top = TOP + row * (BAR + GAP)
        middle = top + BAR / 2
        end = LEFT + median * scale
        parts += [
            f'<text x="{LEFT - 10}" y="{middle + 5}" text-anchor="end" fill="{INK}">{escape(label)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{median * scale:.1f}" height="{BAR}"'
            f' fill="{OURS if ours else OTHERS}"/>',
            f'<line x1="{LEFT + lowest * scale:.1f}" x2="{LEFT + highest * scale:.1f}" y1="{middle}" y2="{middle}"'
            f' stroke="{INK}" stroke-width="1.5"/>',
            f'<text x="{max(end, LEFT + highest * scale) + 8:.1f}" y="{middle + 5}" fill="{INK}">'
            f'{number(median)}</text>']
    return "\n".join(parts) + "\n</svg>\n"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
