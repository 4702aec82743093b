"""The sentences that the law asks for on documents, each with the days on which it holds and the text that asks for it. Pure.

A dated table, because laws change and documents stay: what was printed keeps the sentence of its day, and a new text gets a line of its own
(domain §3: the VAT moved from the CGI to the CIBS on 1 September 2026). Sentences name ``{facts}``; which ones, ``due`` says.

What is said of paying late or early (C. com. art. L. 441-9, L. 441-10) is said to whoever pays: on a credit note, nobody does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, get_args

from engine.texts import format as forms
from handlers.documents.model import INVOICES, UNPRICED, DocumentKind, Exemption, Language, Mention

Condition = Literal[
    Exemption,
    "on_debits",
    "business",
    "business_without_rate",
    "business_with_rate",
    "no_discount",
    "mediation",
    "always",
]
"""When a mention is due: why a line bears no tax, when the tax is due, or whom the document is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A sentence of the law. ``since`` is its first day, ``until`` its last one (None: it still holds); ``source``: what asks for it."""

    code: str
    kinds: frozenset[DocumentKind]
    condition: Condition
    since: date
    until: date | None
    source: str
    fr: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides which mentions are due. ``exemptions``: why some lines bear no tax. ``mediator``: of the company, empty where
    it named none; ``is_on_debits``: services are invoiced, and the tax on them is due with the invoice.
    """

    kind: DocumentKind
    day: date
    exemptions: tuple[Exemption, ...]
    is_business: bool
    penalty_percent: Decimal | None
    has_discount: bool
    mediator: str
    is_on_debits: bool = False


_PRICED: Final = frozenset(DocumentKind) - UNPRICED
_INVOICED: Final = INVOICES | {DocumentKind.PROFORMA}
_TO_BE_PAID: Final = _PRICED - {DocumentKind.CREDIT_NOTE}

MENTIONS: Final[Sequence[Dated]] = (
    Dated(
        code="vat_franchise",
        kinds=_PRICED,
        condition="franchise",
        since=date(1979, 1, 1),
        until=date(2026, 8, 31),
        source="CGI art. 293 B, 293 E",
        fr="TVA non applicable, art. 293 B du CGI.",
        en="VAT not applicable, article 293 B of the French tax code (TVA non applicable, art. 293 B du CGI).",
    ),
    Dated(
        code="vat_franchise",
        kinds=_PRICED,
        condition="franchise",
        since=date(2026, 9, 1),
        until=None,
        source="CIBS art. L. 223-1 (ord. 2025-1247; the former reference is tolerated until 31 December 2027)",
        fr="TVA non applicable, art. L. 223-1 et suivants du CIBS (ancien art. 293 B du CGI).",
        en=(
            "VAT not applicable, articles L. 223-1 ff. of the French code of taxes on goods and services "
            "(TVA non applicable, art. L. 223-1 et suivants du CIBS, ancien art. 293 B du CGI)."
        ),
    ),
    Dated(
        code="vat_intra_eu",
        kinds=_PRICED,
        condition="intra_eu",
        since=date(1993, 1, 1),
        until=None,
        source="CGI art. 262 ter I (tolerated until 31 December 2027; its place in the CIBS: to be looked up)",
        fr="Exonération de TVA, art. 262 ter I du CGI.",
        en="Exempt from VAT, intra-Community supply, article 262 ter I of the French tax code.",
    ),
    Dated(
        code="vat_export",
        kinds=_PRICED,
        condition="export",
        since=date(1979, 1, 1),
        until=None,
        source="CGI art. 262 I (tolerated until 31 December 2027; its place in the CIBS: to be looked up)",
        fr="Exonération de TVA, art. 262 I du CGI.",
        en="Exempt from VAT, export, article 262 I of the French tax code.",
    ),
    Dated(
        code="vat_reverse_charge",
        kinds=_PRICED,
        condition="reverse_charge",
        since=date(2013, 1, 1),
        until=None,
        source=(
            "CGI art. 259-1°, 283-2, ann. II art. 242 nonies A I-13° "
            "(tolerated until 31 December 2027; its place in the CIBS: to be looked up)"
        ),
        fr="Autoliquidation, art. 283-2 du CGI.",
        en="Reverse charge: VAT is due by the customer, article 283-2 of the French tax code (autoliquidation).",
    ),
    Dated(
        code="vat_service_abroad",
        kinds=_PRICED,
        condition="service_abroad",
        since=date(2010, 1, 1),
        until=None,
        source="CGI art. 259-1° (tolerated until 31 December 2027; its place in the CIBS: to be looked up)",
        fr="TVA non applicable, art. 259-1° du CGI.",
        en="VAT not applicable, service to a business outside France, article 259-1° of the French tax code.",
    ),
    Dated(
        code="vat_exempt",
        kinds=_INVOICED,
        condition="exempt",
        since=date(1979, 1, 1),
        until=None,
        source="CGI ann. II art. 242 nonies A I-12° (which exemption: the company's own mentions say)",
        fr="Exonération de TVA.",
        en="Exempt from VAT.",
    ),
    Dated(
        code="vat_on_debits",
        kinds=_INVOICED,
        condition="on_debits",
        since=date(1979, 1, 1),
        until=None,
        source="CGI art. 269-2-c, ann. II art. 242 nonies A I (décret 2022-1299); its place in the CIBS: to be looked up",
        fr="Option pour le paiement de la taxe d’après les débits.",
        en="VAT on services is due with the invoice (option pour le paiement de la taxe d’après les débits).",
    ),
    Dated(
        code="no_discount",
        kinds=_TO_BE_PAID,
        condition="no_discount",
        since=date(2009, 1, 1),
        until=None,
        source="C. com. art. L. 441-9 I, L. 441-1",
        fr="Pas d’escompte pour paiement anticipé.",
        en="No discount is given for early payment.",
    ),
    Dated(
        code="late_penalty_legal_rate",
        kinds=_TO_BE_PAID,
        condition="business_without_rate",
        since=date(2009, 1, 1),
        until=None,
        source="C. com. art. L. 441-10 II",
        fr=(
            "Tout retard de paiement entraîne de plein droit, dès le lendemain de l’échéance et sans rappel, des pénalités au taux de "
            "refinancement le plus récent de la Banque centrale européenne majoré de dix points (art. L. 441-10 du code de commerce)."
        ),
        en=(
            "Late payment bears interest by right, from the day after the due date and without reminder, at the European Central Bank’s "
            "most recent refinancing rate plus ten percentage points (article L. 441-10 of the French commercial code)."
        ),
    ),
    Dated(
        code="late_penalty",
        kinds=_TO_BE_PAID,
        condition="business_with_rate",
        since=date(2009, 1, 1),
        until=None,
        source="C. com. art. L. 441-10 II",
        fr=(
            "Tout retard de paiement entraîne de plein droit, dès le lendemain de l’échéance et sans rappel, des pénalités au taux annuel "
            "de {rate} (art. L. 441-10 du code de commerce)."
        ),
        en=(
            "Late payment bears interest by right, from the day after the due date and without reminder, at the yearly rate of {rate} "
            "(article L. 441-10 of the French commercial code)."
        ),
    ),
    Dated(
        code="recovery_fee",
        kinds=_TO_BE_PAID,
        condition="business",
        since=date(2013, 1, 1),
        until=None,
        source="C. com. art. L. 441-10 II, D. 441-5 (décret 2012-1115)",
        fr="Une indemnité forfaitaire de 40 € pour frais de recouvrement s’y ajoute (art. D. 441-5 du code de commerce).",
        en="A fixed sum of €40 for recovery costs is due besides (article D. 441-5 of the French commercial code).",
    ),
    Dated(
        code="mediator",
        kinds=_PRICED,
        condition="mediation",
        since=date(2016, 1, 1),
        until=None,
        source="C. conso. art. L. 611-1, L. 616-1, R. 616-1",
        fr="En cas de litige, le consommateur peut recourir gratuitement au médiateur de la consommation : {mediator}",
        en="In case of a dispute, consumers may turn to the mediator free of charge: {mediator}",
    ),
    Dated(
        code="not_an_invoice",
        kinds=frozenset({DocumentKind.PROFORMA}),
        condition="always",
        since=date(1979, 1, 1),
        until=None,
        source="CGI art. 289, 271 II (only an invoice gives the right to deduct)",
        fr="Ce document n’est pas une facture : il ne donne pas droit à déduction de la TVA.",
        en="This document is not an invoice: it gives no right to deduct VAT.",
    ),
    Dated(
        code="reservations",
        kinds=frozenset({DocumentKind.DELIVERY_NOTE}),
        condition="business",
        since=date(2009, 12, 9),
        until=None,
        source="C. com. art. L. 133-3 (loi 2009-1503)",
        fr=(
            "En cas d’avarie ou de perte partielle, adressez votre protestation motivée au transporteur par lettre recommandée dans les "
            "trois jours, non compris les jours fériés, qui suivent la réception (art. L. 133-3 du code de commerce)."
        ),
        en=(
            "In case of damage or partial loss, send the carrier your reasoned complaint by registered letter within three days of "
            "receipt, public holidays not counted (article L. 133-3 of the French commercial code)."
        ),
    ),
)
"""In the order in which they are printed. That an invoice replaces another, or gives it back, is said at its head (``sheet``)."""


def due(given: Circumstances, language: Language) -> tuple[Mention, ...]:
    """The sentences that a document of that kind and day must bear, in its language and in the order of the table."""
    facts = {
        "rate": "" if given.penalty_percent is None else forms.percent(given.penalty_percent / 100, language),
        "mediator": given.mediator,
    }
    return tuple(
        Mention(code=each.code, text=(each.fr if language == "fr" else each.en).format_map(facts))
        for each in MENTIONS
        if given.kind in each.kinds
        and each.since <= given.day
        and (each.until is None or given.day <= each.until)
        and _conditions(given)[each.condition]
    )


def _conditions(given: Circumstances) -> Mapping[Condition, bool]:
    has_rate = given.penalty_percent is not None
    return {
        **{each: each in given.exemptions for each in get_args(Exemption)},
        "on_debits": given.is_on_debits and not given.exemptions,
        "business": given.is_business,
        "business_with_rate": given.is_business and has_rate,
        "business_without_rate": given.is_business and not has_rate,
        "no_discount": given.is_business and not given.has_discount,
        "mediation": not given.is_business and bool(given.mediator),
        "always": True,
    }
