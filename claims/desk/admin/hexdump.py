"""Formats binary data as a hex dump."""

BYTES_PER_LINE = 16


def hexdump(body: bytes) -> str:
    """`00000000  7b 22 63 6c 61 69 6d …  {"claim…`, sixteen bytes per line."""
    starts = range(0, len(body), BYTES_PER_LINE)
    return "\n".join(_line(start, body[start : start + BYTES_PER_LINE]) for start in starts)


def _line(start: int, chunk: bytes) -> str:
    printable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
    return f"{start:08x}  {chunk.hex(' '):<{BYTES_PER_LINE * 3 - 1}}  {printable}"
