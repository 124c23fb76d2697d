"""Reads the reference page as HTML: its anchors, its links and its snippets."""

from html.parser import HTMLParser

import attrs


@attrs.define
class Snippet:
    """A block of code, where it stands and what is written above it."""

    place: str
    """The id of what it stands in: the name of an operation, or a section."""
    label: str
    caption: str = ""
    text: str = ""


class ReferencePage(HTMLParser):
    """What was found in a page; every element with an id or a link counts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.snippets: list[Snippet] = []
        self._place = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.attributes.extend(given)
        self.links.extend(given[name] for name in ("href", "src", "action") if name in given)
        if "id" in given:
            self.ids.append(given["id"])
        if tag in ("section", "article"):
            self._place = given["id"]
        if tag == "figure":
            self.snippets.append(Snippet(self._place, ""))
        if tag == "pre":
            self.snippets[-1].label = given["aria-label"]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "figcaption" in self._open:
            self.snippets[-1].caption += data.strip()
        if "code" in self._open and "pre" in self._open:
            self.snippets[-1].text += data

    def snippet(self, place: str, caption: str) -> str:
        """Returns the text of the only snippet with this caption there."""
        (text,) = (each.text for each in self.snippets if (each.place, each.caption) == (place, caption))
        return text
