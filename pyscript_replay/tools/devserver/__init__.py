"""The development server: one local Segment and one local Amplitude, and the demo that shows them at work.

server.py       the server: a thread, a socket, and the guards before every route
segment.py      the local Segment: its CDN and its collectors
amplitude.py    the local Amplitude: Session Replay's configuration and uploads, and the endpoints for events
body.py         what requests and answers carry
store.py        what was collected
tabs.py         which tab of a session recorded what
faults.py       answers that go wrong, because it was ordered
api.py          what the demo's pages ask: what has arrived
demo.py         the shop in each mode, and the PyScript pages
elsewhere.py    one line for other sites' pages, which brings their requests to Segment and Amplitude here
viewer.py       the list of sessions, the player, and a session as a file
pages.py        how a page is put together
"""

from .faults import Fault
from .segment import SOURCES, sources
from .server import DevServer, Real
from .store import Store, Upload

__all__ = ["SOURCES", "DevServer", "Fault", "Real", "Store", "Upload", "sources"]
