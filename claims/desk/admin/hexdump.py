"""Formats binary data as a hex dump."""

BYTES_PER_LINE = 16


def hexdump(body: bytes) -> str:
    """`00000000  7b 22 63 6c 61 69 6d …  {"claim…`, sixteen bytes per line."""
    lines = []
    for start in range(0, len(body), BYTES_PER_LINE):
        chunk = body[start : start + BYTES_PER_LINE]
        printable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in chunk)
        lines.append(f"{start:08x}  {chunk.hex(' '):<{BYTES_PER_LINE * 3 - 1}}  {printable}")
    return "\n".join(lines)
