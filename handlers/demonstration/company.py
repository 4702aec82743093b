"""The company of the demonstration: every number is valid by its check digits, and belongs to nobody."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from sqlalchemy.orm import Session

from engine import records
from engine.handler import SYSTEM
from handlers.company.commands import SetIdentity, SetLogo, set_identity, set_logo
from handlers.company.queries import find_identity
from handlers.company.types import IdentityData

LOGO = Path(__file__).parent / "logo.png"

IDENTITY = IdentityData(
    name="Mobilier Comtois",
    legal_form="sas",
    capital=Decimal("80000.00"),
    street="4 rue des Artisans",
    postal_code="39000",
    city="Lons-le-Saunier",
    siren="123456782",
    siret="12345678200010",
    registry_city="Lons-le-Saunier",
    vat_number="FR11123456782",
    activity_code="3101Z",
    phone="03 53 01 12 34",
    email="contact@mobilier-comtois.example",
    website="https://mobilier-comtois.example",
    iban="FR7630006000011234567890189",
    bic="AGRIFRPP",
    payment_terms_fr="Par virement, en rappelant le numéro du document.",
    payment_terms_en="By bank transfer, naming the number of the document.",
    mediator="Médiation Exemple, 1 rue de la Concorde, 75008 Paris, mediation.example",
)


def seed_company(session: Session) -> None:
    """Say who we are, where nobody has said it yet."""
    if find_identity(session) is None:
        records.apply(session, set_identity, SetIdentity(identity=IDENTITY), SYSTEM)
        records.apply(session, set_logo, SetLogo(content=LOGO.read_bytes()), SYSTEM)
