"""Training pictures: where they come from, their decoded form, and batches of them."""

from .batches import Batch, Batches
from .pictures import Form, Pictures, open_pictures
from .sources import Source, open_source

__all__ = ["Batch", "Batches", "Form", "Pictures", "Source", "open_pictures", "open_source"]
