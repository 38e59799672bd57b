"""QR codes."""

import segno


def qr_svg(text: str) -> str:
    """A QR code as an SVG element, black on white, with the quiet zone that scanners need."""
    return segno.make(text, error="m").svg_inline(
        border=4, omitsize=True, dark="#000", light="#fff"
    )
