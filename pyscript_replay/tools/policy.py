"""What a Content-Security-Policy must have besides, so that it allows something more. Pure."""

from collections.abc import Mapping, Sequence

FALLBACKS = {"worker-src": ("child-src", "script-src")}
"""Directives whose place others take, where they are missing; in the end it is ``default-src`` for each."""


def allowing(header: str, sources: Mapping[str, Sequence[str]]) -> str:
    """The policies of a header, which also allow these sources, by directive."""
    return ",".join(_allowing(policy, sources) for policy in header.split(","))


def _allowing(policy: str, sources: Mapping[str, Sequence[str]]) -> str:
    directives = {words[0].lower(): words[1:] for each in policy.split(";") if (words := each.split())}
    for asked, more in sources.items():
        name = "script-src" if asked == "script-src-elem" and asked not in directives else asked
        applying = (each for each in (name, *FALLBACKS.get(name, ()), "default-src") if each in directives)
        if (which := next(applying, None)) is not None:
            kept = [each for each in directives[which] if each.lower() != "'none'"]
            directives[name] = [*kept, *(each for each in more if each not in kept)]
    return "; ".join(" ".join([name, *values]) for name, values in directives.items())
