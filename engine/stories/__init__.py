"""Stories: a case told in YAML, played on the pure kernel with a clock of its own, and held to what was expected.

``read_story`` reads a file, ``check_story`` holds it against a process, ``play`` plays it and gives a ``Report``.
``coverage`` says what stories cover; ``recorded`` makes a story of a case that happened.
"""

from engine.stories.checks import check_story, stories_of
from engine.stories.coverage import Coverage, Share, coverage
from engine.stories.player import At, play
from engine.stories.reader import read_story
from engine.stories.recording import Recorded, recorded
from engine.stories.report import Moment, Report
from engine.stories.story import Story

__all__ = [
    "At",
    "Coverage",
    "Moment",
    "Recorded",
    "Report",
    "Share",
    "Story",
    "check_story",
    "coverage",
    "play",
    "read_story",
    "recorded",
    "stories_of",
]
