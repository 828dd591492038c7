"""What a policy must have besides."""

import pytest

from pyscript_replay.tools.policy import allowing


@pytest.mark.parametrize(
    ("policy", "directive", "allowed"),
    [
        ("connect-src 'self'", "connect-src", "connect-src 'self' https://a.example"),
        ("connect-src 'none'; img-src *", "connect-src", "connect-src https://a.example; img-src *"),
        ("connect-src https://a.example", "connect-src", "connect-src https://a.example"),
        ("default-src 'self'", "connect-src", "default-src 'self'; connect-src 'self' https://a.example"),
        ("script-src 'self'", "script-src-elem", "script-src 'self' https://a.example"),
        (
            "script-src-elem 'self'; script-src 'none'",
            "script-src-elem",
            "script-src-elem 'self' https://a.example; script-src 'none'",
        ),
        ("script-src 'self'", "worker-src", "script-src 'self'; worker-src 'self' https://a.example"),
        ("img-src *", "connect-src", "img-src *"),
    ],
)
def test_a_policy_allows_one_source_more_and_nothing_else(policy: str, directive: str, allowed: str) -> None:
    assert allowing(policy, {directive: ["https://a.example"]}) == allowed
