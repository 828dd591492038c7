"""The proofs: of the pure rules, of the page's Python, of the tools, and in a real browser with the real SDKs."""
