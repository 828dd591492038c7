"""A page in memory: the whole wiring runs in it on CPython, with no browser, in no time.

=====================  ======================================================================================
``clock.py``           the event loop and the wall clock: time passes only when nothing else can happen
``border.py``          ``web/page/bridge.js``: the border that the page's Python crosses
``browser.py``         what a browser's tabs share: storage and the servers; opens, reloads and closes tabs
``facade.py``          ``web/page/replay.js`` and ``lifecycle.js``: ``window.pyscriptReplay``
``watch.py``           ``web/page/segment.js``: holds Segment's events, and shows them to the wiring
``analytics.py``       analytics-next, with the session plugin of Actions
``amplitude_js.py``    amplitude-js 5, and ``web/page/classic_device.js``
``session_replay.py``  session-replay-browser, and the Browser SDK that is its shell; ``web/page/recorder.js``
=====================  ======================================================================================
"""
