"""Reports as one HTML file that needs nothing else: what they share."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 100

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;color:#1b2733;max-width:1100px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin-bottom:.2em} h2{font-size:1.15em;margin-top:2em;border-bottom:1px solid #ccd}
table{border-collapse:collapse;font-size:.87em;margin:.6em 0}
th,td{padding:.22em .6em;text-align:left;vertical-align:top}
th{border-bottom:2px solid #889;font-weight:600} td{border-bottom:1px solid #e4e6ea} td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums;white-space:nowrap} .ok{color:#1a7f4b} .no{color:#b3261e;font-weight:600}
img{max-width:100%} .verdict{font-size:1.2em;font-weight:600} p.small,.small{color:#566;font-size:.87em}
.scroll{overflow-x:auto} code{background:#f2f3f5;padding:.1em .3em} details{margin:.5em 0}
"""

_NUMBER = ' class="n"'


def document(title: str, parts: Iterable[str]) -> str:
    """The whole document, of parts that are HTML already; empty ones are left out."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n<body>\n'
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns whose head begins with # hold numbers."""
    numbers = [title.startswith("#") for title in head]
    cells = "".join(
        f"<th{_NUMBER if n else ''}>{escape(t.removeprefix('#'))}</th>" for t, n in zip(head, numbers, strict=True)
    )
    body = []
    for row in rows:
        made = []
        for text, number in zip(row, numbers, strict=True):
            look = {"✓": ' class="ok"', "✗": ' class="no"'}.get(text, _NUMBER if number else "")
            made.append(f"<td{look}>{escape(text)}</td>")
        body.append(f"<tr>{''.join(made)}</tr>")
    return f'<div class="scroll"><table><tr>{cells}</tr>{"".join(body)}</table></div>'


def figure(title: str, drawn: Figure | None) -> str:
    """A picture under its title; nothing where there is none."""
    if drawn is None:
        return ""
    data = base64.b64encode(png_of(drawn)).decode()
    return f'<h2>{escape(title)}</h2><img alt="{escape(title)}" src="data:image/png;base64,{data}">'


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG."""
    png = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(png, format="png", dpi=DPI, metadata={"Software": "reach180"})
    return png.getvalue()
