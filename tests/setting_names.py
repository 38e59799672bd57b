"""The environment variables that the product reads, as its own code spells them."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
READERS = ("studio_drops/settings.py", "studio_drops/server.py")
_CODE = "".join((REPOSITORY / name).read_text() for name in READERS)

PLAIN = frozenset(re.findall(r'(?:env\.\w+|_read_number)\(\s*"([A-Z_]+)"', _CODE))
# Each of these may come from a file instead, named by the variable with _FILE at its end.
SECRET = frozenset(re.findall(r'\bsecret\("([A-Z_]+)"', _CODE))
ALL = PLAIN | SECRET | {f"{name}_FILE" for name in SECRET}
