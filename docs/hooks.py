"""What MkDocs does to a page besides: links to files that are in the repository, but not in the documentation.

On a code host they lead there. The site knows no address of the repository's, so there the file's name stands alone.
"""

import posixpath
import re
from typing import Any

LINK = re.compile(r"\[([^\]\n]+)\]\(((?:\.\./)+[^)\s]+)\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    def kept(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), link[2]))
        return link[1] if target.startswith("../") else link[0]

    return LINK.sub(kept, markdown)
