"""Codes of store credit: nobody guesses one, and a slip of one character is noticed."""

# Crockford's base 32: no I, L, O or U, so that nothing is misread.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("ILO", "110")
_PREFIX = "SC"
_LENGTH = 16

# How many random bits a code is made of. Who holds a code may spend it.
CODE_BITS = 5 * _LENGTH


def make_credit_code(number: int) -> str:
    """The code of a number below 2^CODE_BITS, like SC-7K2M-9QX4-0TBC-D3FG1."""
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    body = "".join(reversed(digits))
    return _grouped(body + _check(body))


def normalise_credit_code(text: str) -> str:
    """Reads a code as people type it.

    What isn't one of our codes may be a shop's gift card, so only its outer spaces are left out.
    """
    compact = text.upper().replace("-", "").replace(" ", "").translate(_MISREAD)
    written = compact.removeprefix(_PREFIX)
    body, check = written[:_LENGTH], written[_LENGTH:]
    ours = compact != written and len(body) == _LENGTH and all(char in _ALPHABET for char in body)
    return _grouped(written) if ours and check == _check(body) else text.strip()


def _grouped(written: str) -> str:
    return "-".join([_PREFIX, written[:4], written[4:8], written[8:12], written[12:]])


def _check(body: str) -> str:
    # Odd weights are invertible modulo 32: any single wrong character is found, and every swap of
    # neighbours that differ by other than 16.
    weighted = sum(
        (2 * index + 1) * _ALPHABET.index(char) for index, char in enumerate(body, start=1)
    )
    return _ALPHABET[weighted % 32]
