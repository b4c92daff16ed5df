"""The revisions, oldest first by number; every one only adds."""
