"""What all requests share."""

from __future__ import annotations

from dataclasses import dataclass

from .collection import Collection
from .events import Events
from .jobs import Jobs
from .nurseries import Nurseries
from .workers import Workers


@dataclass
class State:
    """Of a server that is running."""

    collection: Collection
    nurseries: Nurseries
    workers: Workers
    jobs: Jobs
    events: Events
