"""Which of the shop's systems orders are pulled from and customers' records are kept in."""

from dataclasses import dataclass

from environs import Env

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSettings:
    """How to reach them. What needs something else reads its own environment.

    Attributes:
        orders: an entry point of `redress.orders`, or `none`.
        crm: an entry point of `redress.crm`, or `none`.
        url: where the ERP answers, which has the orders and the customers.
        key: what opens it.
        company: whose, where it keeps several; "" for the only one.
        time_zone: the shop's, an IANA name: days without an hour begin there.
    """

    orders: str
    crm: str
    url: str
    key: str
    company: str
    time_zone: str

    @property
    def tells_crm(self) -> bool:
        """Whether customers' records are told of returns."""
        return self.crm != NONE

    @property
    def pulls_orders(self) -> bool:
        """Whether orders are pulled from somewhere."""
        return self.orders != NONE


def read_system_settings(env: Env, time_zone: str) -> SystemSettings:
    """Reads them from the environment."""
    return SystemSettings(
        orders=env.str("REDRESS_ORDER_SOURCE", "") or NONE,
        crm=env.str("REDRESS_CRM", "") or NONE,
        url=env.str("REDRESS_ERP_URL", ""),
        key=env.str("REDRESS_ERP_KEY", ""),
        company=env.str("REDRESS_ERP_COMPANY", ""),
        time_zone=time_zone,
    )
