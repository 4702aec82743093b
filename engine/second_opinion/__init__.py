"""A second engine that must agree: stories played on SpiffWorkflow too, from a translation of our model, and the two paths compared.

``compare`` gives an ``Opinion`` of one story (``failing`` that of one that cannot be played), ``opinions`` those of a version, ``figures``
counts them; an ``Allowance`` bounds what several take together; ``play`` plays a story on SpiffWorkflow alone. This is the only package
that runs SpiffWorkflow's code.
"""

from engine.second_opinion.bounds import Allowance
from engine.second_opinion.comparison import compare, failing, opinions
from engine.second_opinion.opinion import Agreement, Figures, Opinion, figures
from engine.second_opinion.playing import Played, play
from engine.second_opinion.subset import Obstacle

__all__ = [
    "Agreement",
    "Allowance",
    "Figures",
    "Obstacle",
    "Opinion",
    "Played",
    "compare",
    "failing",
    "figures",
    "opinions",
    "play",
]
