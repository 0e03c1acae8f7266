"""The ids of workflows."""

from models.messages.words import PayoutKind


def workflow_id(rma: str) -> str:
    """The id of a return's workflow."""
    return f"return/{rma}"


def payout_workflow_id(rma: str, what: PayoutKind, number: str) -> str:
    """The id of a workflow that pays beside a return: `return/<RMA>/<what>/<n>`."""
    return f"return/{rma}/{what}/{number}"


def reopened_workflow_id(rma: str, reopening: int) -> str:
    """The id of the workflow of a return that was opened again; 0: its first one."""
    return f"{workflow_id(rma)}/reopened/{reopening}" if reopening else workflow_id(rma)
