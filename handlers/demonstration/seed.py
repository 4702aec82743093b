"""Fill an empty database with the demonstration company. Doing it again changes nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM
from engine.identity.people import add_person, add_role, find_actor
from handlers.base.roles import ROLES
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.queries import customers_page
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import seed_company
from handlers.demonstration.orders import add_orders
from handlers.demonstration.quotes import add_quotes
from handlers.demonstration.stock import seed_stock
from handlers.purchasing.tables import Supplier

PASSWORD = "demo"  # noqa: S105 - the demonstration's password is public by design, and shown on its sign-in page

PEOPLE = (
    ("sarah", "Sarah Lambert", ("sales",)),
    ("marc", "Marc Delorme", ("sales_manager",)),
    ("camille", "Camille Vidal", ("sales_admin",)),
    ("hugo", "Hugo Perrin", ("sales_admin",)),
    ("gabriel", "Gabriel Achard", ("purchasing_admin",)),
    ("ines", "Inès Moreau", ("purchasing_admin",)),
    ("monique", "Monique Lacaze", ("purchasing_manager",)),
    ("bruno", "Bruno Tissot", ("warehouse",)),
    ("yasmine", "Yasmine Benali", ("accounting",)),
    ("andre", "André Masson", ("accounting",)),
    ("olivia", "Olivia Prost", ("process_owner",)),
    ("aurelien", "Aurélien Dufour", ("auditor",)),
    ("admin", "Anne Dumas", ("admin",)),
)

ARTICLES = (
    ("BUR-CH-160", "Bureau chêne 160 cm", "pièce", "Bureaux", "690", "4", "3", "10"),
    ("CHA-ERG-02", "Chaise ergonomique Nuage", "pièce", "Sièges", "329", "12", "9", "15"),
    ("LAM-LED-11", "Lampe LED orientable", "pièce", "Éclairage", "64.90", "0", "0", "20"),
    ("CAI-MOB-03", "Caisson mobile trois tiroirs", "pièce", "Rangements", "189", "40", "5", "12"),
    ("PAN-AC-120", "Panneau acoustique 120 × 60", "panneau", "Acoustique", "79.50", "18", "16", "30"),
    ("CAB-RJ-305", "Câble RJ45, bobine de 305 m", "bobine", "Câblage", "142", "2", "0", "6"),
    ("ARM-VES-01", "Armoire vestiaire deux portes", "pièce", "Rangements", "415", "9", "1", "4"),
)

SUPPLIERS = (
    ("MENUISERIE-JURA", "Menuiserie du Jura", "commandes@menuiserie-jura.example", True),
    ("OFFICE-NORD", "Office Nord Distribution", "achats@office-nord.example", True),
    ("LUMIERE-PRO", "Lumière Pro", "contact@lumiere-pro.example", True),
    ("ANCIEN-BOIS", "Ancien Bois SARL", "info@ancien-bois.example", False),
)

CUSTOMERS = (
    (
        CustomerData(
            name="Cabinet Vallier Architectes",
            email="contact@vallier.example",
            phone="03 84 24 10 10",
            website="https://vallier.example",
            tags=("architecte",),
            preferred_payment="transfer",
            account_code="411VALLIER",
        ),
        AddressData(street="12 rue des Salines", postal_code="39000", city="Lons-le-Saunier"),
    ),
    (
        CustomerData(
            name="Mairie de Saint-Amour",
            email="achats@saint-amour.example",
            phone="03 84 48 00 00",
            tags=("collectivité",),
            delivery_notes="Livraison le matin, par la cour.",
            preferred_payment="transfer",
            account_code="411STAMOUR",
        ),
        AddressData(street="Place de l’Hôtel-de-Ville", postal_code="39160", city="Saint-Amour"),
    ),
    (
        CustomerData(name="Clinique des Trois Sources", email="logistique@trois-sources.example", tags=("santé",)),
        AddressData(street="45 avenue de la Gare", postal_code="71000", city="Mâcon"),
    ),
    (
        CustomerData(
            name="Élodie Rossi", is_company=False, email="elodie.rossi@courriel.example", preferred_payment="card"
        ),
        AddressData(street="8 chemin du Moulin", postal_code="01370", city="Val-Revermont"),
    ),
    (
        CustomerData(name="Coworking Le Comptoir", is_prospect=True, email="bonjour@lecomptoir.example"),
        AddressData(street="3 quai Jules-Chifflot", postal_code="25000", city="Besançon"),
    ),
)


def seed(database: Database) -> None:
    """Add the people, roles, company, articles and suppliers that are not there yet; customers, quotes and orders when there are none."""
    with database.transaction() as session:
        for key, title_fr, title_en in ROLES:
            add_role(session, key, title_fr=title_fr, title_en=title_en)
        seed_company(session)
        for login, name, roles in PEOPLE:
            if find_actor(session, login) is None:
                add_person(
                    session,
                    login=login,
                    name=name,
                    email=f"{login}@demonstration.example",
                    password=PASSWORD,
                    roles=roles,
                    locale="fr",
                    may_be_weak=True,
                )
        known_articles = set(session.scalars(select(Article.reference)))
        for reference, name, unit, category, price, on_hand, reserved, reorder_level in ARTICLES:
            if reference not in known_articles:
                told = ArticleData(name=name, unit=unit, category=category, sale_price=Decimal(price))
                article = Article(reference=reference, **columns(reference, told))
                session.add(article)
                session.flush()
                seed_stock(session, article, Decimal(on_hand), Decimal(reserved), Decimal(reorder_level))
        known_suppliers = set(session.scalars(select(Supplier.code)))
        session.add_all(
            Supplier(code=code, name=name, email=email, is_active=is_active)
            for code, name, email, is_active in SUPPLIERS
            if code not in known_suppliers
        )
        if not customers_page(session, limit=1).customers:
            for customer, address in CUSTOMERS:
                place = replace(address, is_billing=True, is_shipping=True)
                records.apply(session, add_customer, AddCustomer(customer=customer, address=place), SYSTEM)
            seller = find_actor(session, "sarah")
            assert seller is not None
            add_quotes(session, seller)
            clerk = find_actor(session, "camille")
            assert clerk is not None
            add_orders(session, clerk)
