"""TensorBoard's event files, decoded: ``scan`` the bytes fast (or ``walk`` them plainly), then arrange the values.

``framing`` knows records, ``event`` the protobuf fields of one record, ``dtypes`` TensorFlow's numbers. ``plain`` reads
record by record. ``fast`` takes ``rows`` of one of the ``shapes`` that repeat at once, ``checksums`` and all, and other
records by their ``kinds``. ``tables`` makes wide frames of what is found, ``settings`` a run's configuration.
"""

from rlcompare.readers.tfevents.fast import scan
from rlcompare.readers.tfevents.plain import walk
from rlcompare.readers.tfevents.settings import settings_of
from rlcompare.readers.tfevents.tables import to_tables

__all__ = ["scan", "settings_of", "to_tables", "walk"]
