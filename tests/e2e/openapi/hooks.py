"""What schemathesis is told about Redress: repeatable calls, and what a schema can't say."""

import uuid

import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, HookContext, Response

# Refusals that say: this is not of the shape that the document promises to take. A value that
# has the shape is never refused with one of these.
SHAPE = frozenset({"type", "too_long", "choice", "moment", "unknown_field", "null", "too_few"})


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, object]) -> None:
    """Each call has a key of its own, unless the key is what is being tried."""
    wanted = any(parameter.name == "Idempotency-Key" for parameter in case.operation.headers)
    if wanted and case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@schemathesis.check
def meaning_alone_refuses(ctx: CheckContext, response: Response, case: Case) -> None:
    """What has the shape the document asks for is refused for its meaning only, never its shape."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if response.status_code in {400, 415}:
        raise AssertionError(f"refused though it has the shape: {response.text[:500]}")
    if response.status_code == 422:
        # To JSON Schema 1.0 is an integer; amounts and counts are taken as integers only.
        told = {
            error["code"]
            for error in response.json()["errors"]
            if "must be a whole number" not in error["message"]
        }
        assert not told & SHAPE, f"refused though it has the shape: {response.text[:500]}"


@schemathesis.check
def problems_say_what_is_wrong(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every refusal of ours has a code, a sentence and the id to ask about."""
    if response.status_code < 400 or response.status_code == 414:
        return
    problem = response.json()
    assert problem["code"], response.text
    assert problem["detail"], response.text
    assert problem["status"] == response.status_code, response.text
    # What is answered once more names the call that it was first said to.
    if "idempotent-replayed" not in response.headers:
        assert problem["request_id"] == response.headers["x-request-id"][0], response.text
