"""The ways in which Segment reaches Amplitude, one file each."""
