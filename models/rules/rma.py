"""RMA numbers: short enough to write on a box, with a check character that catches a slip."""

# Crockford's base 32: no I, L, O or U, so that nothing is misread.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("ILO", "110")


def make_rma(number: int) -> str:
    """The RMA of a number below 32^7, like R-7K2M-9QX4."""
    digits = []
    for _ in range(7):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    body = "".join(reversed(digits))
    return f"R-{body[:4]}-{body[4:]}{_check(body)}"


def normalise_rma(text: str) -> str | None:
    """Reads an RMA as people type and scanners send it; None when it isn't one."""
    compact = text.upper().replace("-", "").replace(" ", "").translate(_MISREAD)
    body = compact[1:8]
    if len(compact) != 9 or compact[0] != "R" or any(char not in _ALPHABET for char in compact[1:]):
        return None
    if compact[8] != _check(body):
        return None
    return f"R-{body[:4]}-{body[4:]}{compact[8]}"


def _check(body: str) -> str:
    # Odd weights are invertible modulo 32: any single wrong character is found, and every swap of
    # neighbours that differ by other than 16.
    weighted = sum(
        (2 * index + 1) * _ALPHABET.index(char) for index, char in enumerate(body, start=1)
    )
    return _ALPHABET[weighted % 32]
