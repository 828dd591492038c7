"""In a real browser, with the real SDKs."""
