"""Tryton's errors as those of whatever it stands in for: an ERP, a CRM, a source of orders."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from activities.providers.tryton.client import TrytonRefused, TrytonUnclear

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def translated(
    unclear: Callable[[str], Exception], refused: Callable[[str], Exception]
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Makes a method raise its protocol's errors, each made from Tryton's message."""

    def decorate(call: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        @wraps(call)
        def calling(*args: Parameters.args, **more: Parameters.kwargs) -> Result:
            try:
                return call(*args, **more)
            except TrytonUnclear as error:
                raise unclear(error.message) from error
            except TrytonRefused as error:
                raise refused(error.message) from error

        return calling

    return decorate
