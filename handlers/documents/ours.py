"""Our side of a document: what the company's identity puts there."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from engine.data import data
from engine.texts import say
from handlers.company.queries import Identity, LogoPicture, find_identity, read_logo
from handlers.company.types import IdentityData
from handlers.documents import mentions
from handlers.documents.mentions import Circumstances
from handlers.documents.model import (
    BankAccount,
    DocumentKind,
    Exemption,
    Language,
    Logo,
    Mention,
    PaymentTerms,
    PostalAddress,
    Seller,
)


@data
class Ours:
    """The company as it is today, for a document of today."""

    identity: IdentityData
    logo: LogoPicture | None

    @property
    def is_franchise(self) -> bool:
        """No VAT is invoiced."""
        return self.identity.vat_regime == "franchise"

    def seller(self) -> Seller:
        """Who writes."""
        known = self.identity
        return Seller(
            name=known.name,
            legal_form=known.legal_form,
            capital=known.capital,
            address=PostalAddress(
                street=known.street, postal_code=known.postal_code, city=known.city, country=known.country
            ),
            siren=known.siren,
            siret=known.siret,
            registry_city=known.registry_city,
            vat_number=known.vat_number,
            activity_code=known.activity_code,
            phone=known.phone,
            email=known.email,
            website=known.website,
            bank=BankAccount(iban=known.iban, bic=known.bic) if known.iban else None,
            logo=None if self.logo is None else Logo(content=self.logo.content, media_type=self.logo.media_type),
        )

    def terms(self, agreed: str, language: Language) -> PaymentTerms:
        """``agreed``: the term of this document as a sentence; how to pay follows it."""
        known = self.identity
        how, discount = (
            (known.payment_terms_fr, known.discount_terms_fr)
            if language == "fr"
            else (known.payment_terms_en, known.discount_terms_en)
        )
        return PaymentTerms(text=" ".join(filter(None, (agreed, how))), discount_text=discount)

    def mentions(
        self,
        kind: DocumentKind,
        day: date,
        language: Language,
        *,
        is_business: bool,
        exemptions: tuple[Exemption, ...],
        has_services: bool = False,
    ) -> tuple[Mention, ...]:
        """What the law asks for, then what the company's trade does. ``exemptions``: why some lines bear no tax.
        ``has_services``: of invoices, some line is a service.
        """
        known = self.identity
        circumstances = Circumstances(
            kind=kind,
            day=day,
            exemptions=exemptions,
            is_business=is_business,
            penalty_percent=known.penalty_percent,
            has_discount=bool(self.terms("", language).discount_text),
            mediator=known.mediator,
            is_on_debits=known.is_vat_on_debits and has_services,
        )
        own = known.own_mentions_fr if language == "fr" else known.own_mentions_en
        of_the_trade = (Mention(code="own", text=each) for each in own.splitlines() if each.strip())
        return (*mentions.due(circumstances, language), *of_the_trade)


def settlement(language: Language) -> PaymentTerms:
    """What becomes of the money of a credit note, which nobody pays. It is said to machines, too: the rules of EN 16931 asked every
    amount for a day or terms (BR-CO-25) until 2026, and some platforms still do.
    """
    return PaymentTerms(text=say("document.settlement.text", language))


def find_ours(session: Session) -> Ours | None:
    """The company; None as long as nobody has said who we are. Two statements."""
    found: Identity | None = find_identity(session)
    if found is None:
        return None
    return Ours(identity=found.data, logo=read_logo(session, found.logo_hash) if found.logo_hash else None)
