"""Finds inline code on a page: what the Content-Security-Policy would block."""

from html.parser import HTMLParser


class InlineCode(HTMLParser):
    """Collects what the Content-Security-Policy would block."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        is_script = tag == "script" and "src" not in names and "json" not in names.get("type", "")
        if tag == "style" or is_script:
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
