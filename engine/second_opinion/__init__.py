"""A second engine that must agree: stories played on SpiffWorkflow too, from a translation of our model, and the two paths compared.

``compare`` gives an ``Opinion`` of one story, ``opinions`` those of a version; ``play`` plays a story on SpiffWorkflow alone. This is the
only package that runs SpiffWorkflow's code.
"""

from engine.second_opinion.comparison import compare, opinions
from engine.second_opinion.opinion import Agreement, Opinion
from engine.second_opinion.playing import Played, play
from engine.second_opinion.subset import Obstacle

__all__ = ["Agreement", "Obstacle", "Opinion", "Played", "compare", "opinions", "play"]
