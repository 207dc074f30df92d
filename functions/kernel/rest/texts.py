"""Texts from outside: in one normal form, without characters that hide, reorder or forge what people and logs read.

The classes of characters are written for Python and for the patterns of the OpenAPI document, which others read.
"""

import re

from functions.kernel.domain.errors import InvalidError

_CONTROLS = r"\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: NUL, ends of lines, escapes of terminals
_CONTROLS_BUT_LINES = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # the same without tab, LF and CR
# Separators of lines; embeddings, overrides and isolates (https://www.unicode.org/reports/tr36/).
_HIDDEN = r"\u2028\u2029\u202a-\u202e\u2066-\u2069"
_REPLACED = r"\ufffd"  # stands for bytes that were no UTF-8; refused where a request is read (request.py, wire.py)
# What `str.strip` takes away. Not `\s`: whether that has U+0085, for one, depends on the reader's language.
_BLANKS = r"\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WIDE = _BLANKS.replace(r"\x1c- ", r"\x1c-\x1f")  # the same without the space
_DELIMITERS = (
    "#/"  # of the keys of streams, and of paths; in a row's key, whose parts a space divides, an id is the last
)

LINE, TEXT = 200, 2_000  # characters at most, in the normal form
_DECOMPOSED = 4  # characters of which one of the normal form is made at most (https://www.unicode.org/reports/tr15/)

NOT_BLANK = f"[^{_BLANKS}]"
_NOT_IN_A_LINE = f"[{_CONTROLS}{_HIDDEN}]"
_NOT_IN_A_TEXT = f"[{_CONTROLS_BUT_LINES}{_HIDDEN}]"
_NOT_IN_AN_ID = f"[{_CONTROLS}{_HIDDEN}{_WIDE}{_DELIMITERS}]"

LINE_PATTERN = rf"^(?![\s\S]*[{_CONTROLS}{_HIDDEN}{_REPLACED}])"
TEXT_PATTERN = rf"^(?![\s\S]*[{_CONTROLS_BUT_LINES}{_HIDDEN}{_REPLACED}])"
NAME_PATTERN = rf"{LINE_PATTERN}[\s\S]*{NOT_BLANK}"
ID_PATTERN = rf"^(?![\s\S]*[{_CONTROLS}{_HIDDEN}{_REPLACED}{_WIDE}{_DELIMITERS}])[\s\S]*{NOT_BLANK}"

_no_line, _no_text, _no_id = (re.compile(chars) for chars in (_NOT_IN_A_LINE, _NOT_IN_A_TEXT, _NOT_IN_AN_ID))


def line(value: object) -> object:
    """A text of one line in the normal form NFC. Raises InvalidError for one with characters that it may not have."""
    if not isinstance(value, str):
        return value
    if _no_line.search(value):
        raise InvalidError("must hold no control characters, ends of lines, or characters that turn the direction")
    return _normal(value, LINE)


def text(value: object) -> object:
    """The same for a text of several lines."""
    if not isinstance(value, str):
        return value
    if _no_text.search(value):
        raise InvalidError("must hold no control characters but tabs and lines, or characters that turn the direction")
    return _normal(value, TEXT)


def _normal(value: str, most: int) -> str:
    """The normal form; what is too long in any case is not brought to it, which takes time by the square of its marks.

    Raises InvalidError.
    """
    if value.isascii():
        return value
    if len(value) > most * _DECOMPOSED:
        raise InvalidError(f"must have at most {most} characters")
    import unicodedata  # few texts need it, and each module adds to every cold start

    return unicodedata.normalize("NFC", value)


def id(value: object) -> object:
    """An id, unchanged. Raises InvalidError for one that no thing here has, and that might be read as several."""
    if isinstance(value, str) and not (is_id(value) and value.strip()):
        raise InvalidError("is no id: those are not blank, and have no control characters, # or /")
    return value


def id_or_blank(value: object) -> object:
    """The same, but a blank one stays: the domain says what is missing."""
    return id(value) if isinstance(value, str) and value.strip() else value


def is_id(value: str) -> bool:
    """Whether a text may be an id: it cannot be taken for more than one part of a key."""
    return _no_id.search(value) is None
