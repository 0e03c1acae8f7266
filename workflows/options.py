"""Timeouts and retries of the activities that leave the house, in one place."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# An activity's worker gives signs of life; after this long without one it counts as dead, and
# another worker takes the activity up.
WORKER_SILENT_FOR = timedelta(seconds=15)

# One call of a payment provider, look-up included.
PAYMENT_TIMEOUT = timedelta(seconds=120)
# Then a person is shown the refund; well within the 23 hours that a provider knows its key.
PAYMENT_GIVES_UP_AFTER = timedelta(hours=2)
PAYMENT_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)
)

# While nobody answers, a dispute is asked about for so long; the next event asks again.
DISPUTE_GIVES_UP_AFTER = timedelta(days=2)
# An open dispute is asked about so often, in case the event of its end gets lost.
DISPUTE_ASKED_EVERY = timedelta(days=1)

CARRIER_TIMEOUT = timedelta(seconds=60)
CARRIER_GIVES_UP_AFTER = timedelta(hours=1)
CARRIER_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2)
)

MAIL_TIMEOUT = timedelta(seconds=60)
MAIL_GIVES_UP_AFTER = timedelta(hours=24)
MAIL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=10)
)

# One document in the ERP: a handful of its calls.
ERP_TIMEOUT = timedelta(minutes=3)
# Then a person is shown it; an ERP may be away for a night's maintenance.
ERP_GIVES_UP_AFTER = timedelta(hours=24)
ERP_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=10)
)

# A whole comparison: every refund of a month, the provider's pages and the chain of the books.
COMPARISON_TIMEOUT = timedelta(hours=1)
COMPARISON_GIVES_UP_AFTER = timedelta(hours=6)
COMPARISON_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=10)
)

# All returns of a shop, judged twice. Somebody waits for it, so it isn't tried for long.
SIMULATION_TIMEOUT = timedelta(hours=1)
SIMULATION_GIVES_UP_AFTER = timedelta(hours=2)
SIMULATION_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1), maximum_attempts=5
)

# Mails to the staff; the next run sends what this one could not.
TASK_WATCH_TIMEOUT = timedelta(minutes=5)
TASK_WATCH_GIVES_UP_AFTER = timedelta(minutes=12)

# A stream's turn, with the last attempt in it. What an endpoint does is no error; a database that
# is away is.
WEBHOOK_TIMEOUT = timedelta(minutes=3)
WEBHOOK_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2)
)

# A withdrawal is refunded within 14 days of its receipt (Directive 2011/83/EU, article 13); a
# person is asked two days before.
WITHDRAWAL_REFUND_WITHIN = timedelta(days=14)
WITHDRAWAL_TOLD_AFTER = timedelta(days=12)

# What isn't paid for by then is refunded instead of exchanged.
EXCHANGE_PAID_WITHIN = timedelta(days=14)
# Carriers take their time to answer a claim.
CARRIER_CLAIM_DUE = timedelta(days=14)

# How long a person may take for work that no other deadline covers.
TASK_DUE = timedelta(days=1)

# One page of orders; what a pull that was given up missed, the next one reads.
ORDER_PULL_TIMEOUT = timedelta(minutes=5)
ORDER_PULL_GIVES_UP_AFTER = timedelta(hours=2)
ORDER_PULL_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=5)
)

# Some fifty returns; what a run that was given up missed, the next one tells.
CRM_TIMEOUT = timedelta(minutes=10)
CRM_GIVES_UP_AFTER = timedelta(hours=2)
CRM_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)
)
