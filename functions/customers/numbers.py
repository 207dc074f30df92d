"""Phone numbers that are written in different ways, brought to one form, by which they are compared.

It goes by what is written alone, since it knows no country: spaces, brackets and punctuation go, `00` in front becomes
`+`, and `+44 (0)20 …` loses its trunk zero. So `+44 20 7946 0000`, `0044-20-7946-0000` and `+44 (0)20 7946 0000` are
one number. A national number (`020 7946 0000`) is not taken for the international one, and of the prefixes for calls
abroad only `00` is known (not `011`): who registers by one of these forms is found by that form alone.
"""

import re

_TRUNK_ZERO = re.compile(r"^(\+|00)(.*?)\(0\)")
_PUNCTUATION = re.compile(r"[\s()\[\]./\-\u2010-\u2015]")


def normalized(number: str) -> str:
    """The form of a number by which it is compared: E.164 where it is written with a country's code, else its digits.

    A text that is no number is compared as it is, without its case and outer spaces.
    """
    text = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in number).replace("＋", "+").strip()
    text = _PUNCTUATION.sub("", _TRUNK_ZERO.sub(r"\1\2", text))
    text = re.sub(r"^00", "+", text)
    if re.fullmatch(r"\+?[0-9]+", text):
        return text
    return number.strip().casefold()
