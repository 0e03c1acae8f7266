"""Reasons: as a request gives them, and as the policy explains them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from models.messages import Reason, ReturnKind
from models.rules.reasons import CODE, FAULTS, LABELS, LONGEST_CODE, ReasonTerms
from models.rules.terms import Fault
from web.api.schemas.fields import Body, Choice, Flag, Items, Object, Table, Text, refuse
from web.errors import Coded

_LONGEST_LABEL = 80
_MOST = 100
_PATTERN = f"^{CODE.pattern}$"


class ReasonCode(Text):
    """The code of a reason; whether the shop knows it, the policy says."""

    def __init__(self, **options: Any) -> None:
        usual = ", ".join(Reason)
        words = f"A reason's code: one of {usual}, or one that the policy's `reasons` add."
        super().__init__(
            longest=LONGEST_CODE, metadata={"pattern": _PATTERN, "description": words}, **options
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not _is_code(value):
            message = f" must be the code of a reason, like {Reason.TOO_SMALL}: small letters,"
            raise refuse("reason", f"{message} digits and _, at most {LONGEST_CODE}.")
        return value


class Label(Text):
    """What customers and staff read: one line of text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=_LONGEST_LABEL, shortest=1, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.isprintable():
            raise refuse("label", " must be one line of text.")
        return text.strip()


class ReasonSchema(Body):
    """What the shop says of a reason: its words, whose fault it is, whether a photo is needed,
    whether it may be given, and for which kinds. One of the shop's own needs `label` and `fault`.
    """

    label = Label(load_default=None, allow_none=True)
    fault = Choice(Fault, load_default=None)
    photo = Flag(load_default=False)
    offered = Flag(load_default=True)
    kinds = Items(Choice(ReturnKind), load_default=list)


class Reasons(Table):
    """What the shop says of each reason, by its code; gives `ReasonTerms`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Object(ReasonSchema), longest_key=LONGEST_CODE, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        errors: dict[str, Any] = {}
        terms = []
        taken = {words.casefold(): str(code) for code, words in LABELS.items() if code not in found}
        for code, said in found.items():
            try:
                terms.append(_terms(code, said))
                words = terms[-1].words.casefold()
                if words in taken:
                    message = f" is what {taken[words]} is called already; say it differently."
                    raise ValidationError({"label": [Coded(message, "twice")]})
                taken[words] = code
            except ValidationError as error:
                errors[code] = error.messages
        if errors:
            raise ValidationError(errors)
        if len(terms) > _MOST:
            raise refuse("too_many", f" can have at most {_MOST} reasons.")
        return tuple(terms)


def _is_code(text: str) -> bool:
    return len(text) <= LONGEST_CODE and CODE.fullmatch(text) is not None


def _terms(code: str, said: Mapping[str, Any]) -> ReasonTerms:
    usual = FAULTS.get(code)
    if usual is None:
        if not _is_code(code):
            message = " can't be a reason's code; write it like too_small, in small letters with _."
            raise refuse("reason", message)
        missing = {name for name in ("label", "fault") if said[name] is None}
        if missing:
            message = " is missing: a reason of your own needs label and fault. Check the spelling"
            message += " of the code if it is a usual one."
            raise ValidationError({name: [Coded(message, "required")] for name in missing})
    return ReasonTerms(
        reason=code,
        fault=said["fault"] or usual or Fault.NOBODY,
        photo=said["photo"],
        offered=said["offered"],
        label=said["label"],
        kinds=tuple(dict.fromkeys(said["kinds"])),
    )
