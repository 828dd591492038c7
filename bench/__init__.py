"""The measurements, each against hand-written JavaScript in the same run: ``uv run python -m bench``."""
