"""Names of files that came by mail: data only, made safe to show, never a path."""

from __future__ import annotations

import unicodedata

from contactd.channels.email import headers

MAX_NAME = 200
_MAX_SUFFIX = 20
_SUFFIXES = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/ms-tnef": ".dat",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/rfc822-headers": ".txt",
}


def safe_name(given: str, media_type: str, number: int) -> str:
    """Return the name to show for a file.

    Folders, control and bidirectional characters go; a name too long keeps its suffix; without one it is numbered.
    """
    name = given.replace("\\", "/").rpartition("/")[2]
    name = headers.clean(name, headers.MAX_NAME * 4).strip(". ")
    if not name.isascii():
        # Apple writes letters and their marks apart, which few programs show, or find, as one.
        name = unicodedata.normalize("NFC", name)
    if not name:
        return f"attachment-{number}{_SUFFIXES.get(media_type, '')}"
    if len(name) <= MAX_NAME:
        return name
    stem, dot, suffix = name.rpartition(".")
    if dot and stem and len(suffix) <= _MAX_SUFFIX:
        return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"
    return name[:MAX_NAME]
