"""What a person reads of a mail, and the files beside it: the tree of parts turned into text, HTML and attachments."""

from __future__ import annotations

import html as markup
import re
from dataclasses import dataclass, field

from contactd.channels.email import block, files, headers, invitation, mime, tnef

MAX_FILES = 1000
_MAX_UU = 20
_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"},
)
_SHOWN = frozenset({"text/plain", "text/html"})
_CID = re.compile(r"cid:([^\"'\s>)&]{1,300})", re.IGNORECASE)
_UU_BEGIN = re.compile(r"^begin [0-7]{3,4} ([^\n]{1,300})\n", re.MULTILINE)
_UU_END = re.compile(r"^end[ \t]*$", re.MULTILINE)
_UU_LINE = re.compile(r"[ -`]{1,130}$")
_MAX_UU_FIRST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a mail; `data` has the transfer encoding taken off."""

    filename: str
    content_type: str
    content_id: str | None
    inline: bool
    """True when the HTML shows it or the sender asked for that."""
    data: bytes


@dataclass(slots=True)
class _Segment:
    """One piece of the body: the same words as text, as HTML, or both."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Bodies:
    """What was found: text and HTML (None = the mail has no such part) and every file."""

    text: str | None = None
    html: str | None = None
    files: list[Attachment] = field(default_factory=list)
    event: dict[str, str] | None = None
    """What it invites to (`invitation.read`)."""


def collect(tree: mime.Tree) -> Bodies:
    """Read the whole tree."""
    reader = _Reader(tree)
    segments = reader.read(tree.root, lone=True)
    if not segments and reader.hidden is not None:
        segments = [_Segment(reader.hidden.text or None, reader.hidden.html or None)]
    bodies = Bodies(files=reader.files, event=reader.event)
    bodies.html = _as_html(segments)
    if bodies.html is not None:
        bodies.files = _mark_inline(bodies.html, bodies.files)
    texts = [one.text for one in segments if one.text is not None]
    if texts:
        bodies.text = _joined(texts)
    return bodies


def as_html(text: str) -> str:
    """Show plain text between HTML."""
    return f'<div style="white-space: pre-wrap">{markup.escape(text)}</div>'


def _as_html(segments: list[_Segment]) -> str | None:
    """Show all segments as HTML; None when none of them has any."""
    if len(segments) == 1:
        return segments[0].html
    if all(one.html is None for one in segments):
        return None
    return "\n".join(one.html if one.html is not None else as_html(one.text or "") for one in segments)


def _joined(texts: list[str]) -> str:
    """Put several text parts under one another."""
    return texts[0] if len(texts) == 1 else "\n".join(text.rstrip("\n") + "\n" for text in texts if text.strip())


def _mark_inline(html: str, found: list[Attachment]) -> list[Attachment]:
    """Mark files that the HTML shows by their Content-ID."""
    if all(one.inline or one.content_id is None for one in found):
        return found
    shown = set(_CID.findall(html))
    return [
        one
        if one.inline or one.content_id not in shown
        else Attachment(
            filename=one.filename, content_type=one.content_type, content_id=one.content_id, inline=True, data=one.data
        )
        for one in found
    ]


def _unsigned(part: mime.Part) -> list[mime.Part]:
    """Return what was signed (RFC 1847: the first part), and whatever else is no signature: one is shown as such, not as a file."""
    return [child for at, child in enumerate(part.children) if not at or child.media_type not in _SIGNATURES]


class _Reader:
    """Walks the tree once, in order."""

    def __init__(self, tree: mime.Tree) -> None:
        self._tree = tree
        self.files: list[Attachment] = []
        self.event: dict[str, str] | None = None
        self.hidden: tnef.Contents | None = None
        """What Outlook's own form holds."""

    def read(self, part: mime.Part, *, lone: bool = False) -> list[_Segment]:
        """Return the body pieces of a part; files are put aside.  `lone`: the part is the whole mail."""
        if part.media_type == "multipart/alternative" and part.is_multipart:
            return self._alternative(part)
        if part.is_multipart:
            children = _unsigned(part) if part.media_type == "multipart/signed" else part.children
            return [segment for child in children for segment in self.read(child)]
        if self._is_body(part, lone):
            return [self._body(part)]
        self._file(part)
        return []

    def _is_body(self, part: mime.Part, lone: bool) -> bool:
        """Tell whether a leaf is to be read, not to be opened."""
        if part.media_type not in _SHOWN or part.disposition == "attachment":
            return False
        return lone or not part.file_name

    def _alternative(self, part: mime.Part) -> list[_Segment]:
        """Make one segment of several forms of the same words: the first text and the last HTML."""
        text: str | None = None
        html: str | None = None
        for child in part.children:
            segments = self.read(child)
            shown = _as_html(segments)
            if shown is not None:
                html = shown
                said = [one.text for one in segments if one.text] if text is None else []
                if said:
                    text = _joined(said)
            elif segments and not text:
                text = _joined([one.text or "" for one in segments])
        return [] if text is None and html is None else [_Segment(text, html)]

    def _body(self, part: mime.Part) -> _Segment:
        """Read a text leaf."""
        text = self._tree.text(part)
        if part.media_type == "text/html":
            return _Segment(html=text)
        if part.params.get("format", "").lower() == "flowed":
            text = unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
        return _Segment(text=self._take_uuencoded(text))

    def _file(self, part: mime.Part) -> None:
        """Put a leaf aside as a file."""
        if len(self.files) >= MAX_FILES:
            self._tree.note("too_many_files")
            return
        data = self._tree.content(part)
        name = part.file_name
        if data.startswith(tnef.SIGNATURE) and self._take_tnef(data):
            return
        if part.media_type == "text/calendar" and self.event is None:
            self.event = invitation.read(self._tree.text(part))
        if not name and part.media_type == "message/rfc822":
            inner, _ = block.split(data[: block.MAX_BLOCK])
            subject = headers.unstructured(inner.first("subject") or b"", self._tree.hint)
            name = f"{subject.replace('/', ' ')}.eml" if subject else ""
        self._keep(
            name, part.media_type, data, part.content_id, part.disposition == "inline" or part.content_id is not None
        )

    def _take_tnef(self, data: bytes) -> bool:
        """Take out what Outlook's own form holds; False when it cannot be read, and is a file like any other."""
        found = tnef.decode(data)
        if found is None:
            self._tree.note("broken_tnef")
            return False
        self.hidden = self.hidden or found
        for name, content in found.files:
            self._keep(name, "application/octet-stream", content, None, inline=False)
        return True

    def _keep(self, name: str, media_type: str, data: bytes, content_id: str | None, inline: bool) -> None:
        """Remember a file under a safe name."""
        if headers.hides(name):
            self._tree.note("hidden_characters")
        safe = files.safe_name(name, media_type, len(self.files) + 1)
        only_image = inline and media_type.startswith("image/")
        self.files.append(
            Attachment(filename=safe, content_type=media_type, content_id=content_id, inline=only_image, data=data)
        )

    def _take_uuencoded(self, text: str) -> str:
        """Cut uuencoded files out of a text."""
        if "begin " not in text:
            return text
        out: list[str] = []
        at = 0
        for _ in range(_MAX_UU):
            begin = _UU_BEGIN.search(text, at)
            if begin is None:
                break
            end = _UU_END.search(text, begin.end())
            first = text[begin.end() : begin.end() + _MAX_UU_FIRST].partition("\n")[0]
            if end is None or not _UU_LINE.match(first):
                break
            lines = text[begin.end() : end.start()].encode("ascii", "replace").splitlines()
            data, fine = mime.unuu_lines(lines)
            if not fine:
                self._tree.note("broken_transfer_encoding")
            self._keep(begin[1].strip(), "application/octet-stream", data, None, inline=False)
            out.append(text[at : begin.start()])
            at = end.end()
        return text if not out else "".join([*out, text[at:]])


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the lines of `format=flowed` text (RFC 3676): a line that ends with a blank goes on in the next.

    Quote depth keeps lines apart; the signature mark `-- ` never flows.
    """
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        signature = content == "-- "
        if open_depth == depth and not signature:
            out[-1] += content
        else:
            out.append(">" * depth + (" " if depth and content else "") + content)
        flows = content.endswith(" ") and not signature
        if flows and delete_space:
            out[-1] = out[-1][:-1]
        open_depth = depth if flows else -1
    return "\n".join(out)
