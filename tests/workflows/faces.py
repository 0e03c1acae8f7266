"""The API and the staff pages of a world, as a caller and a member of staff use them."""

import asyncio
from typing import Any
from uuid import uuid4

from tests.web.staff_app import Browser
from tests.web.staff_rows import add_user
from tests.workflows.varied_orders import Shop
from tests.workflows.world import World
from web.access import Role

Json = dict[str, Any]


class Staff:
    """A member of staff at the pages of a return."""

    def __init__(self, world: World, shop: Shop, role: Role = Role.MANAGER) -> None:
        """Signs a new person in."""
        self.browser = Browser(shop.app)
        with world.database.write() as session:
            email = add_user(session, role, email=f"{uuid4().hex[:8]}@shop.example").email
        assert self.browser.sign_in(email).status_code == 303

    async def page(self, rma: str) -> str:
        """The page of a return, with its spaces made single."""
        shown = await asyncio.to_thread(self.browser.get, f"/returns/{rma}")
        assert shown.status_code == 200
        return " ".join(shown.text.split())

    async def send(self, rma: str, action: str, **form: str) -> tuple[int, str]:
        """Sends a form of the page, with a call of its own; gives the status and what is shown."""
        data = {"call": str(uuid4()), **{key.replace("_", "-"): form[key] for key in form}}
        answer = await asyncio.to_thread(self.browser.post, f"/returns/{rma}/{action}", data)
        return answer.status_code, answer.text
