"""A return's side of the ERP: it says when something new is due there, and waits for nothing."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.case import Case
    from workflows.erp import tell_erp


class ErpNews:
    """Remembers for one return what the ERP's workflow was told of."""

    def __init__(self, case: Case) -> None:
        """Nothing is granted or accepted yet."""
        self._case = case
        self._told = (case.payouts.next_grant, 0)

    async def keep_going(self) -> None:
        """Tells it of a new grant, or of goods that were accepted."""
        case = self._case
        if case.assessment is None or not case.assessment.erp:
            return
        now = (case.payouts.next_grant, sum(line.accepted for line in case.progress.lines))
        if now != self._told:
            self._told = now
            await tell_erp(case.rma)
