"""Facts into sentences: the answer first, then the detail that matters, then what one can do."""
