"""How commands count things in what they print."""


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 stream`, `2 streams`, `1,000 entries`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
