"""Fills an empty shop with the demo: its staff, its orders, and the returns it goes through."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.database import Database
from models.messages import ReturnStatus
from models.settings import Settings
from models.store.orders import put_order
from models.tables import Order, Return, Submission, User
from web.demo import people
from web.demo.orders import make_order
from web.demo.shop import NUMBER_PREFIX, SALES, order_number
from web.demo.steps import CUSTOMER, Scene, Stage, Step, Stopped, Stuck, steps_done
from web.demo.telling import REFERENCE_PREFIX, Story
from web.gateway import new_rma
from web.requests import GatewayError, Unavailable

_AT_ONCE = 6
