"""The sandbox payment provider: Stripe's refunds, with a book of its own and no real money.

A process by itself (`python -m activities.providers.payments.sandbox`), which shares nothing with
Redress but the wire: the official SDK drives it through its base address.
"""
