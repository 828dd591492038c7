"""The measurements, each against the same wiring in JavaScript, in the same run: ``uv run python -m bench``.

``candidates.py`` has the pages, ``visits.py`` what is measured of one, ``report.py`` what is told of it.
"""
