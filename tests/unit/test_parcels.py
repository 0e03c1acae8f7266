"""Which returns a parcel's things are counted for."""

from models.rules.parcels import ExpectedLine, ExpectingReturn, Thing, fits_whole, spread


def expects(rma: str, **units: int) -> ExpectingReturn:
    lines = [
        ExpectedLine(line=str(no), sku=sku, units=count)
        for no, (sku, count) in enumerate(units.items(), start=1)
    ]
    return ExpectingReturn(rma=rma, lines=lines)


def things(**units: int) -> list[Thing]:
    return [
        Thing(no=no, sku=sku, quantity=count)
        for no, (sku, count) in enumerate(units.items(), start=1)
    ]


def shares(found: list[Thing], *returns: ExpectingReturn) -> list[tuple[str, str | None, int]]:
    return [(share.rma, share.line, share.thing.quantity) for share in spread(found, returns)]


def test_units_go_to_the_first_return_that_expects_them_and_the_rest_to_the_next() -> None:
    found = shares(things(TEE=3), expects("R-1", TEE=2), expects("R-2", TEE=5))
    assert found == [("R-1", "1", 2), ("R-2", "1", 1)]


def test_what_nobody_expects_stays_with_the_return_the_parcel_was_sent_for() -> None:
    found = shares(things(TEE=2, BELT=1), expects("R-1", TEE=1), expects("R-2"))
    assert found == [("R-1", "1", 1), ("R-1", None, 1), ("R-1", None, 1)]


def test_the_case_of_a_sku_does_not_matter() -> None:
    assert shares(things(tee=1), expects("R-1", TEE=1)) == [("R-1", "1", 1)]


def test_it_is_clear_whose_units_are_when_one_return_expects_them_or_all_have_come() -> None:
    first, second = expects("R-1", TEE=1, HAT=1), expects("R-2", TEE=1)
    assert fits_whole(things(HAT=1), [first, second])
    assert fits_whole(things(TEE=2), [first, second])
    assert not fits_whole(things(TEE=1), [first, second])
    assert not fits_whole(things(HAT=2), [first, second])
    assert not fits_whole(things(SOCK=1), [first, second])
