"""Whatever a model says, in a turn of the real site: stream, snapshot, REST, transcript, admin."""

SECRET = "48207"  # bob's
