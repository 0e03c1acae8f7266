"""How every activity is defined."""

from temporalio import activity

# Cancelling an activity, at a worker's shutdown above all, must not raise in the middle of a
# transaction or between a provider's answer and its booking: each is short, and ends by itself.
uninterrupted = activity.defn(no_thread_cancel_exception=True)
