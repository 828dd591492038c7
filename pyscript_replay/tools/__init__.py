"""What runs on the developer's machine, under CPython. Nothing that runs in the page imports it."""
