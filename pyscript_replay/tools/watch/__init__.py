"""``pyscript-replay watch``: the local Segment and Amplitude, with their viewer, beside a site under development.

proxy.py    before the site, so that its pages use them without being changed
tail.py     what has arrived, as lines
command.py  the site's own command, and the address that it says
"""
