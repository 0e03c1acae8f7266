"""The reasons of a shop over all versions of its policy."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.rules.policy import Policy
from models.rules.reasons import LABELS
from models.tables import PolicyVersion


def all_reasons(session: Session) -> dict[str, str]:
    """Every code that a return may have, dropped ones too, with its newest words."""
    found = {str(reason): words for reason, words in LABELS.items()}
    for row in session.scalars(select(PolicyVersion).order_by(PolicyVersion.version)):
        for terms in Policy.from_json(row.body, row.version).reasons:
            found[terms.reason] = terms.words
    return found
