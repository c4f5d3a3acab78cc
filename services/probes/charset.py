"""Bytes to text as a browser would read them: the page's real charset, not the hoped-for one."""

from __future__ import annotations

import codecs
import html
import re
import unicodedata

# Labels as in the WHATWG Encoding Standard, where they differ from the names Python knows, and a
# closed list at that: a server must not choose among Python's codecs (punycode takes quadratic
# time, zlib is none for text).
_SAME = (
    "utf-8 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 "
    "windows-1256 windows-1257 windows-1258 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 "
    "iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 "
    "koi8-r koi8-u gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr utf-16le utf-16be"
)
_CODECS = {label: label for label in _SAME.split()} | {
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16le",
    "unicode": "utf-16le",
    "ascii": "windows-1252",
    "us-ascii": "windows-1252",
    "iso-8859-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso_8859-1": "windows-1252",
    "latin1": "windows-1252",
    "cp1252": "windows-1252",
    "x-cp1252": "windows-1252",
    "iso-8859-9": "windows-1254",
    "cp1256": "windows-1256",
    "x-cp1256": "windows-1256",
    "arabic": "iso-8859-6",
    "asmo-708": "iso-8859-6",
    "ecma-114": "iso-8859-6",
    "iso8859-6": "iso-8859-6",
    "iso_8859-6": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "iso-8859-6-i": "iso-8859-6",
    "gbk": "gb18030",
    "gb2312": "gb18030",
}

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)

# The prescan looks at the first 1024 bytes only (HTML, "Determining the character encoding").
_PRESCAN_BYTES = 1024
_HEADER_LENGTH = 256
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]*)", re.IGNORECASE)
# Covers both <meta charset=…> and <meta http-equiv content="…; charset=…">.
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([^\s\"'/>;]+)", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"charset\s*=\s*\"?\s*([^\s\";]+)", re.IGNORECASE)
_XML = re.compile(rb"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)

# Normalising sorts the marks on one letter, in quadratic time; no language has more than a few.
_PILE_OF_MARKS = re.compile(r"([^\w\s\x00-\x7f]{32})[^\w\s\x00-\x7f]+")


def decode(data: bytes, content_type: str) -> str:
    """`data` as text: by its byte order mark, then the header, then what the page says itself.

    Where nothing says anything it is UTF-8 if it can be, otherwise windows-1256: what older
    Arabic pages are written in. Bytes that mean nothing become U+FFFD; never raises.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(codec, "replace")
    # A header may be 100 KB long, and the pattern's cost grows with the square of its blanks.
    declared = _HEADER_CHARSET.search(content_type[:_HEADER_LENGTH])
    codec_name = _CODECS.get(declared[1].lower()) if declared else None
    if codec_name is None:
        codec_name = _prescan(data[:_PRESCAN_BYTES])
    if codec_name is not None:
        return data.decode(codec_name, "replace")
    try:
        # Incremental: a body cut off at the cap may end within a character.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return data.decode("windows-1256", "replace")


def _prescan(start: bytes) -> str | None:
    said = _XML.search(start)
    candidates = [said[1]] if said else []
    for meta in _META.finditer(_COMMENT.sub(b"", start)):
        charset = _CHARSET.search(meta[1])
        if charset:
            candidates.append(charset[1])
    for candidate in candidates:
        codec_name = _CODECS.get(candidate.decode("ascii", "replace").lower())
        if codec_name is not None:
            # A page that could be read as far as this in ASCII is not UTF-16, whatever it says.
            return "utf-8" if codec_name.startswith("utf-16") else codec_name
    return None


def comparable(text: str) -> str:
    """`text` with composed characters (NFC) and every run of white space as one space."""
    text = _PILE_OF_MARKS.sub(r"\1", text)
    return " ".join(unicodedata.normalize("NFC", text).split())


def contains(page: str, wanted: str) -> bool:
    """Whether a reader of `page` finds `wanted`, be it written out or in character references."""
    wanted = comparable(wanted)
    return wanted in comparable(page) or ("&" in page and wanted in comparable(html.unescape(page)))
