"""Drills: a file tells what happens when; it is played here or live, and scored alike. See ``docs/drills.md``."""
