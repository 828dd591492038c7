"""The wheel gets what takes node to make: the bundle, and what the development server serves of others' SDKs.

hatchling calls this, with what pyproject.toml says of it. Whoever installs the wheel needs neither npm nor a network
for it; a work tree (an editable install) makes both when they are asked for, in the user's cache.
"""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuiltInside(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "standard":
            return
        sys.path.insert(0, self.root)
        from pyscript_replay.tools import bundle, sdks

        for kind, made in (("bundle", bundle.cached()), ("sdks", sdks.cached())):
            build_data["force_include"][str(made)] = f"pyscript_replay/built/{kind}"
