"""Every route and everybody: what the server answers, whatever the pages show. The table is the specification."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import Office

CAST = ("nobody", "zoe", "camille", "gabriel", "monique", "olivia", "aurelien", "admin")
"""Signed out; without a role; sales, purchasing, purchasing manager, process owner, auditor, administrator."""

ROUTES = """
method address                                     nobody zoe camille gabriel monique olivia aurelien admin
GET    /                                           303    303 303     303     303     303    303      303
GET    /sign-in                                    200    303 303     303     303     303    303      303
GET    /inbox                                      303    200 200     200     200     200    200      200
GET    /inbox?view=mine                            303    200 200     200     200     200    200      200
GET    /inbox?after=nonsense                       303    422 422     422     422     422    422      422
GET    /tasks/{task}                               303    404 200     200     200     200    200      200
GET    /tasks/999999                               303    404 404     404     404     404    404      404
POST   /tasks/{task}/claim                         303    404 403     303     403     403    403      403
POST   /tasks/{task}/form-state                    303    404 403     200     403     403    403      403
POST   /tasks/{task}/complete                      303    404 403     422     403     403    403      403
POST   /tasks/{task}/release                       303    404 403     303     403     403    403      403
POST   /tasks/{task}/delegate                      303    404 403     422     403     422    403      422
POST   /tasks/999999/delegate                      303    404 404     404     404     404    404      404
POST   /tasks/999999/claim                         303    404 404     404     404     404    404      404
POST   /tasks/999999/release                       303    404 404     404     404     404    404      404
POST   /tasks/999999/form-state                    303    404 404     404     404     404    404      404
POST   /tasks/999999/complete                      303    404 404     404     404     404    404      404
GET    /inbox?view=absent&q=lampe&due=late&sort=priority&urgent=1&ready=1 303 200 200 200 200 200 200 200
GET    /inbox/lists/999999                         303    404 404     404     404     404    404      404
GET    /inbox/lists/counts                         303    200 200     200     200     200    200      200
POST   /inbox/lists                                303    303 303     303     303     303    303      303
POST   /inbox/lists/999999/remove                  303    404 404     404     404     404    404      404
POST   /inbox/bulk                                 303    303 303     303     303     303    303      303
GET    /inbox/bulk/complete                        303    200 200     200     200     200    200      200
POST   /inbox/bulk/complete                        303    409 409     409     409     409    409      409
POST   /inbox/bulk/form-state                      303    204 204     204     204     204    204      204
POST   /inbox/bulk/claim                           303    200 200     200     200     200    200      200
GET    /cases/{case}/papers                        303    404 200     200     200     200    200      200
GET    /cases/999999/papers                        303    404 404     404     404     404    404      404
POST   /cases/{case}/comments                      303    404 422     422     422     422    422      422
POST   /cases/{case}/files                         303    404 422     422     422     422    422      422
GET    /files/999999                               303    404 404     404     404     404    404      404
POST   /files/999999/remove                        303    404 404     404     404     404    404      404
POST   /comments/999999/remove                     303    404 404     404     404     404    404      404
POST   /tasks/{task}/draft                         303    404 403     303     403     403    403      403
POST   /tasks/{task}/draft/forget                  303    404 303     303     303     303    303      303
GET    /absences                                   303    200 200     200     200     200    200      200
POST   /absences                                   303    422 422     422     422     422    422      422
POST   /absences/999999/end                        303    404 404     404     404     404    404      404
GET    /start                                      303    200 200     200     200     200    200      200
GET    /start/replenishment                        303    403 200     403     403     403    403      403
POST   /start/replenishment                        303    403 422     403     403     403    403      403
POST   /start/replenishment/form-state             303    403 200     403     403     403    403      403
GET    /start/unknown                              303    404 404     404     404     404    404      404
GET    /cases                                      303    200 200     200     200     200    200      200
GET    /cases/{case}                               303    404 200     200     200     200    200      200
GET    /cases/999999                               303    404 404     404     404     404    404      404
GET    /cases/{case}/diagram.bpmn                  303    404 200     200     200     200    200      200
GET    /cases/{case}/history.zip                   303    403 403     403     403     403    200      403
GET    /cases/999999/history.zip                   303    403 403     403     403     403    404      403
POST   /cases/{case}/incidents/999999/retry        303    403 403     403     403     404    403      404
POST   /cases/{case}/incidents/999999/confirm      303    403 403     403     403     404    403      404
POST   /cases/{case}/operate                       303    403 403     403     403     404    403      404
POST   /cases/{case}/effects/a1/take-back          303    404 422     422     422     422    403      422
POST   /cases/{case}/effects/a1/send-now           303    404 409     409     409     409    403      409
POST   /cases/999999/effects/a1/send-now           303    404 404     404     404     404    404      404
GET    /cases/{case}/repair                        303    403 403     403     403     200    403      200
GET    /cases/999999/repair                        303    403 403     403     403     404    403      404
GET    /cases/{case}/repair/place                  303    403 403     403     403     404    403      404
GET    /cases/{case}/repair/confirm                303    403 403     403     403     404    403      404
POST   /cases/{case}/repair                        303    403 403     403     403     404    403      404
GET    /cases/{case}/repair/variable               303    403 403     403     403     404    403      404
POST   /cases/{case}/repair/variable               303    403 403     403     403     404    403      404
POST   /operations/cases/repair                    303    403 403     403     403     422    403      422
POST   /operations/cases/repair/ask                303    403 403     403     403     422    403      422
GET    /operations                                 303    403 403     403     403     200    403      200
POST   /operations/retry                           303    403 403     403     403     422    403      422
GET    /processes/replenishment/move               303    403 403     403     403     200    403      200
POST   /processes/replenishment/move               303    403 403     403     403     404    403      404
GET    /processes/replenishment/moves/999999       303    403 403     403     403     404    403      404
POST   /processes/replenishment/moves/999999/start 303    403 403     403     403     404    403      404
POST   /processes/replenishment/moves/999999/undo 303    403 403     403     403     404    403      404
POST   /operations/cases                           303    403 403     403     403     404    403      404
GET    /operations/messages                        303    403 403     403     403     200    403      200
GET    /operations/batches                         303    403 403     403     403     200    403      200
GET    /operations/batches/999999                  303    403 403     403     403     404    403      404
GET    /mailbox                                    303    200 200     200     200     200    200      200
GET    /processes                                  303    200 200     200     200     200    200      200
GET    /processes/replenishment                    303    200 200     200     200     200    200      200
GET    /processes/replenishment?version=99         303    404 404     404     404     404    404      404
GET    /processes/unknown                          303    404 404     404     404     404    404      404
GET    /processes/replenishment/versions/1.bpmn    303    200 200     200     200     200    200      200
GET    /processes/replenishment/versions/1/decisions/approval.dmn 303 200 200 200 200 200  200      200
GET    /processes/replenishment/versions/1/decisions/no.dmn 303 404 404 404     404     404    404      404
GET    /processes/replenishment/versions/9/decisions/approval.dmn 303 404 404 404 404 404  404      404
GET    /processes/replenishment/edit               303    403 403     403     403     200    403      200
POST   /processes/replenishment/check              303    403 403     403     403     400    403      400
POST   /processes/replenishment/draft              303    403 403     403     403     400    403      400
POST   /processes/replenishment/publish            303    403 403     403     403     400    403      400
POST   /processes/replenishment/examination        303    403 403     403     403     400    403      400
GET    /processes/replenishment/examination/0      303    403 403     403     403     404    403      404
POST   /processes/replenishment/expression         303    403 403     403     403     400    403      400
POST   /processes/replenishment/draft/discard      303    403 403     403     403     400    403      400
GET    /processes/replenishment/decisions/approval.dmn 303 403 403    403     403     200    403      200
GET    /processes/replenishment/decisions/no.dmn   303    403 403     403     403     404    403      404
GET    /processes/unknown/decisions/approval.dmn   303    403 403     403     403     404    403      404
GET    /audit                                      303    403 403     403     403     403    200      403
GET    /audit/processes/replenishment/history.zip  303    403 403     403     403     403    200      403
GET    /audit/processes/unknown/history.zip        303    403 403     403     403     403    404      403
GET    /audit/processes/replenishment/ocel         303    403 403     403     403     403    200      403
GET    /audit/processes/replenishment/xes          303    403 403     403     403     403    200      403
GET    /audit/processes/replenishment/csv          404    404 404     404     404     404    404      404
GET    /audit/processes/unknown/ocel               303    403 403     403     403     403    404      403
GET    /audit/steps                                303    403 403     403     403     403    200      403
GET    /audit/steps?from=nonsense                  303    403 403     403     403     403    422      403
GET    /audit/steps?at=nonsense&number=x           303    403 403     403     403     403    200      403
GET    /audit/steps/1                              303    403 403     403     403     403    404      403
GET    /audit/steps/999999                         303    403 403     403     403     403    404      403
GET    /audit/checkpoints                          303    403 403     403     403     403    200      403
POST   /audit/checkpoints                          303    403 403     403     403     403    409      403
GET    /audit/checkpoints/1.json                   303    403 403     403     403     403    404      403
GET    /audit/checkpoints/newest.json              303    403 403     403     403     403    404      403
GET    /audit/history.jsonl                        303    403 403     403     403     403    200      403
GET    /audit/verifier.py                          303    403 403     403     403     403    200      403
GET    /account                                    303    200 200     200     200     200    200      200
GET    /account/notices                            303    200 200     200     200     200    200      200
POST   /account/notices                            303    303 303     303     303     303    303      303
POST   /account/password                           303    422 422     422     422     422    422      422
POST   /account/sessions/end                       303    303 303     303     303     303    303      303
GET    /customers                                  303 403 200 403 403 403 200 403
GET    /customers/new                              303 403 200 403 403 403 403 403
POST   /customers/new                              303 403 422 403 403 403 403 403
GET    /customers/CL-2026-00001                    303 403 200 403 403 403 200 403
GET    /customers/unknown                          303 403 404 403 403 403 404 403
POST   /customers/CL-2026-00001                    303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/address            303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/address/999999     303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/address/999999/remove 303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/contact            303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/contact/999999     303 403 422 403 403 403 403 403
POST   /customers/CL-2026-00001/contact/999999/remove 303 403 422 403 403 403 403 403
POST   /customers/unknown/delete                   303 403 404 403 403 403 403 403
POST   /customers/unknown/fields                   303 403 404 403 403 403 403 403
GET    /articles                                   303 403 200 200 200 403 200 403
GET    /articles/new                               303 403 200 200 200 403 403 403
POST   /articles/new                               303 403 422 422 422 403 403 403
GET    /articles/CHA-ERG-02                        303 403 200 200 200 403 200 403
GET    /articles/NIX                               303 403 404 404 404 403 404 403
POST   /articles/CHA-ERG-02/change                 303 403 422 422 422 403 403 403
POST   /articles/CHA-ERG-02/count                  303 403 403 422 422 403 403 403
POST   /articles/CHA-ERG-02/level                  303 403 403 422 422 403 403 403
GET    /articles/CHA-ERG-02/movements              303 403 200 200 200 403 200 403
POST   /articles/CHA-ERG-02/transfer               303 403 403 422 422 403 403 403
POST   /articles/CHA-ERG-02/release                303 403 403 422 422 403 403 403
GET    /warehouses                                 303 403 200 200 200 403 200 403
GET    /warehouses/new                             303 403 403 403 200 403 403 403
POST   /warehouses/new                             303 403 403 403 422 403 403 403
GET    /warehouses/DEPOT                           303 403 200 200 200 403 200 403
GET    /warehouses/NIX                             303 403 404 404 404 403 404 403
POST   /warehouses/DEPOT                           303 403 403 403 422 403 403 403
GET    /quotes                                     303 403 200 403 403 403 200 403
GET    /quotes/new                                 303 403 200 403 403 403 403 403
POST   /quotes/new                                 303 403 404 403 403 403 403 403
GET    /quotes/unknown                             303 403 404 403 403 403 404 403
GET    /quotes/unknown/edit                        303 403 404 403 403 403 403 403
POST   /quotes/unknown/edit                        303 403 404 403 403 403 403 403
POST   /quotes/unknown/cancel                      303 403 404 403 403 403 403 403
POST   /quotes/unknown/letter/send                 303 403 404 403 403 403 403 403
POST   /quotes/unknown/letter/take-back            303 403 404 403 403 403 403 403
GET    /quotes/unknown/pdf                         303 403 404 403 403 403 404 403
GET    /orders                                     303 403 200 403 403 403 200 403
GET    /orders/new                                 303 403 200 403 403 403 403 403
POST   /orders/new                                 303 403 404 403 403 403 403 403
GET    /orders/unknown                             303 403 404 403 403 403 404 403
GET    /orders/unknown/edit                        303 403 404 403 403 403 403 403
POST   /orders/unknown/edit                        303 403 404 403 403 403 403 403
GET    /orders/unknown/revise                      303 403 404 403 403 403 403 403
POST   /orders/unknown/revise                      303 403 404 403 403 403 403 403
POST   /orders/of-quote/unknown                    303 403 404 403 403 403 403 403
POST   /orders/unknown/place                       303 403 404 403 403 403 403 403
POST   /orders/unknown/close                       303 403 404 403 403 403 403 403
POST   /orders/unknown/invoice                     303 403 404 403 403 403 403 403
POST   /orders/unknown/cancel                      303 403 404 403 403 403 403 403
POST   /orders/unknown/terms                       303 403 404 403 403 403 403 403
GET    /orders/unknown/pdf                         303 403 404 403 403 403 404 403
GET    /deliveries                                 303 403 200 200 403 403 200 403
GET    /deliveries/unknown                         303 403 404 404 403 403 404 403
GET    /deliveries/unknown/pdf                     303 403 404 404 403 403 404 403
GET    /deliveries/unknown/pick                    303 403 403 403 403 403 403 403
POST   /deliveries/unknown/pick                    303 403 403 403 403 403 403 403
GET    /deliveries/unknown/ship                    303 403 403 403 403 403 403 403
POST   /deliveries/unknown/ship                    303 403 403 403 403 403 403 403
POST   /deliveries/unknown/return                  303 403 403 403 403 403 403 403
GET    /invoices                                   303 403 200 403 403 403 200 403
GET    /invoices/verification                      303 403 403 403 403 403 200 200
POST   /invoices/verification                      303 403 403 403 403 403 200 200
GET    /invoices/orders                            303 403 200 403 403 403 200 403
GET    /invoices/FA-0                              303 403 404 403 403 403 404 403
GET    /invoices/FA-0/pdf                          303 403 404 403 403 403 404 403
GET    /orders/CC-0/proforma                       303 403 404 403 403 403 404 403
GET    /invoices/FA-0/quantities                   303 403 403 403 403 403 403 403
POST   /invoices/FA-0/quantities                   303 403 403 403 403 403 403 403
GET    /invoices/FA-0/credit                       303 403 403 403 403 403 403 403
POST   /invoices/FA-0/credit                       303 403 403 403 403 403 403 403
GET    /invoices/FA-0/reduction                    303 403 403 403 403 403 403 403
POST   /invoices/FA-0/reduction                    303 403 403 403 403 403 403 403
GET    /price-lists                                303 403 200 200 200 403 200 403
GET    /price-lists/new                            303 403 200 403 403 403 403 403
POST   /price-lists/new                            303 403 422 403 403 403 403 403
GET    /price-lists/unknown                        303 403 404 404 404 403 404 403
POST   /price-lists/unknown                        303 403 404 403 403 403 403 403
POST   /price-lists/unknown/prices                 303 403 303 403 403 403 403 403
POST   /customers/unknown/price-list               303 403 303 403 403 403 403 403
GET    /payments                                   303 403 200 403 403 403 200 403
GET    /payments/new                               303 403 403 403 403 403 403 403
POST   /payments/new                               303 403 403 403 403 403 403 403
GET    /payments/use                               303 403 403 403 403 403 403 403
POST   /payments/use                               303 403 403 403 403 403 403 403
GET    /payments/refund                            303 403 403 403 403 403 403 403
POST   /payments/refund                            303 403 403 403 403 403 403 403
GET    /payments/unknown                           303 403 404 403 403 403 404 403
POST   /payments/unknown/reverse                   303 403 403 403 403 403 403 403
GET    /customers/CL-2026-00001/account            303 403 200 403 403 403 200 403
GET    /customers/unknown/account                  303 403 404 403 403 403 404 403
GET    /customers/unknown/account/pdf              303 403 404 403 403 403 404 403
POST   /customers/unknown/account/send             303 403 404 403 403 403 403 403
GET    /quote/unknown/pdf                          404 404 404 404 404 404 404 404
GET    /start/quote_acceptance                     303 403 200 403 403 403 403 403
GET    /quote/unknown                              404 404 404 404 404 404 404 404
POST   /quote/unknown                              404 404 404 404 404 404 404 404
GET    /admin/company                              303    403 403     403     403     403    403      200
POST   /admin/company                              303    403 403     403     403     403    403      422
GET    /admin/company/orders                       303    403 403     403     403     403    403      200
POST   /admin/company/orders                       303    403 403     403     403     403    403      422
GET    /admin/company/letters                      303    403 403     403     403     403    403      200
GET    /admin/company/letters/quote_sent/fr        303    403 403     403     403     403    403      200
GET    /admin/company/letters/unknown/fr           303    403 403     403     403     403    403      404
GET    /admin/company/letters/quote_sent/de        303    403 403     403     403     403    403      404
POST   /admin/company/letters/unknown/fr           303    403 403     403     403     403    403      404
POST   /admin/company/letters/quote_sent/fr        303    403 403     403     403     403    403      422
POST   /admin/company/letters/unknown/fr/restore   303    403 403     403     403     403    403      404
GET    /admin/company/customer-fields              303    403 403     403     403     403    403      200
POST   /admin/company/customer-fields              303    403 403     403     403     403    403      422
POST   /admin/company/customer-fields/unknown      303    403 403     403     403     403    403      422
POST   /admin/company/logo                         303    403 403     403     403     403    403      422
POST   /admin/company/logo/remove                  303    403 403     403     403     403    403      303
GET    /admin/company/logo/unknown                 303    403 403     403     403     403    403      404
GET    /admin/company/specimen/fr.pdf              303    403 403     403     403     403    403      200
GET    /admin/company/specimen/xx.pdf              303    403 403     403     403     403    403      404
GET    /admin/people                               303    403 403     403     403     403    403      200
GET    /admin/people/new                           303    403 403     403     403     403    403      200
POST   /admin/people/new                           303    403 403     403     403     403    403      422
GET    /admin/people/zoe                           303    403 403     403     403     403    403      200
GET    /admin/people/unknown                       303    403 403     403     403     403    403      404
POST   /admin/people/zoe                           303    403 403     403     403     403    403      422
POST   /admin/people/unknown                       303    403 403     403     403     403    403      404
POST   /admin/people/unknown/deactivate            303    403 403     403     403     403    403      404
POST   /admin/people/zoe/reactivate                303    403 403     403     403     403    403      303
POST   /admin/people/unknown/secret                303    403 403     403     403     403    403      404
POST   /admin/people/unknown/sessions/end          303    403 403     403     403     403    403      404
GET    /admin/roles                                303    403 403     403     403     403    403      200
POST   /admin/roles                                303    403 403     403     403     403    403      422
POST   /admin/roles/admin                          303    403 403     403     403     403    403      422
POST   /admin/groups                               303    403 403     403     403     403    403      422
POST   /admin/groups/unknown                       303    403 403     403     403     403    403      422
POST   /admin/groups/unknown/delete                303    403 403     403     403     403    403      422
GET    /admin/personal                             303    403 403     403     403     403    403      200
GET    /admin/personal?q=gabriel                   303    403 403     403     403     403    403      200
POST   /admin/personal                             303    403 403     403     403     403    403      303
GET    /admin/personal/person/unknown              303    403 403     403     403     403    403      404
POST   /admin/personal/person/unknown/erase        303    403 403     403     403     403    403      404
POST   /admin/personal/person/unknown/confirm      303    403 403     403     403     403    403      404
POST   /admin/personal/person/unknown/withdraw     303    403 403     403     403     403    403      404
GET    /admin/retention                            303    403 403     403     403     403    403      200
POST   /admin/retention/replenishment              303    403 403     403     403     403    403      422
POST   /admin/retention/unknown                    303    403 403     403     403     403    403      422
GET    /admin/services                             303    403 403     403     403     403    403      200
POST   /admin/services                             303    403 403     403     403     403    403      422
GET    /admin/services/unknown                     303    403 403     403     403     403    403      404
POST   /admin/services/unknown                     303    403 403     403     403     403    403      404
POST   /admin/services/unknown/close               303    403 403     403     403     403    403      404
POST   /admin/services/unknown/tokens              303    403 403     403     403     403    403      404
POST   /admin/services/unknown/tokens/x/revoke     303    403 403     403     403     403    403      404
GET    /admin/mail                                 303    403 403     403     403     403    403      200
POST   /admin/mail/server                          303    403 403     403     403     403    403      422
POST   /admin/mail/plan                            303    403 403     403     403     403    403      422
POST   /admin/mail/test                            303    403 403     403     403     403    403      422
POST   /admin/mail/checkpoint                      303    403 403     403     403     403    403      422
POST   /admin/mail/other                           303    403 403     403     403     403    403      404
GET    /admin/letters                              303    403 403     403     403     403    403      200
GET    /admin/letters?state=sent&before=99         303    403 403     403     403     403    403      200
GET    /admin/letters/999999                       303    403 403     403     403     403    403      404
GET    /admin/letters/999999/attachment            303    403 403     403     403     403    403      404
POST   /admin/letters/999999/take-back             303    403 403     403     403     403    403      404
POST   /admin/letters/999999/burn                  303    403 403     403     403     403    403      404
POST   /admin/letters/999999/erase                 303    403 403     403     403     403    403      404
POST   /admin/letters/restored/999999/burn         303    403 403     403     403     403    403      404
POST   /admin/letters/restored/999999/let-go       303    403 403     403     403     403    403      303
POST   /language/en                                303    303 303     303     303     303    303      303
POST   /language/xx                                404    404 404     404     404     404    404      404
GET    /nowhere                                    404    404 404     404     404     404    404      404
GET    /sign-out                                   405    405 405     405     405     405    405      405
GET    /health                                     200    200 200     200     200     200    200      200
"""

ROWS = [line.split() for line in ROUTES.strip().splitlines()[1:]]


@pytest.mark.parametrize(("row"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_who_may_what(office: Office, row: list[str]) -> None:
    method, address, *expected = row
    assert len(expected) == len(CAST)
    found = []
    for login in CAST:
        case = _cases(office)
        place = address.format(case=case, task=_task(office, address, case) if "{task}" in address else None)
        found.append(str(_ask(office, login, method, place).status_code))
    assert dict(zip(CAST, found, strict=True)) == dict(zip(CAST, expected, strict=True))


def _cases(office: Office) -> int:
    """A case that waits for purchasing; one is enough for all that do not change it."""
    if not hasattr(_cases, "made"):
        _cases.made = {}  # type: ignore[attr-defined]
    made: dict[int, int] = _cases.made  # type: ignore[attr-defined]
    if id(office) not in made:
        made[id(office)] = office.start()
    return made[id(office)]


def _task(office: Office, address: str, case: int) -> int:
    """The case's task, in the state that the row is about: free for claiming, taken by gabriel for the rest."""
    task = office.task_of(case)
    gabriel = office.as_("gabriel")
    if "/claim" in address:
        gabriel.post(f"/tasks/{task}/release")
    elif "/release" in address:
        gabriel.post(f"/tasks/{task}/claim")
    return task


def _ask(office: Office, login: str, method: str, address: str) -> TestResponse:
    browser = office.as_(login)
    if method == "GET":
        return browser.get(address)
    if not browser.token:
        browser.get("/sign-in")
    return browser.post(address)


def test_every_route_is_in_the_table(office: Office) -> None:
    """A new page must say here who may open it."""
    listed = {row[1].split("?")[0].format(case=1, task=1) for row in ROWS}
    adapter = office.app.url_map.bind("localhost")
    endpoints = {
        adapter.match(address, method=row[0])[0]
        for row in ROWS
        if (address := row[1].split("?")[0].format(case=1, task=1)) in listed
        and row[1] not in ("/nowhere", "/sign-out", "/audit/processes/replenishment/csv")
    }
    known = {rule.endpoint for rule in office.app.url_map.iter_rules()}
    assert known - endpoints == {"static", "csp_report", "account.sign_in_post", "account.sign_out"}


def test_a_foreign_task_is_not_known_to_exist(office: Office) -> None:
    task = office.task_of(_cases(office))
    zoe = office.as_("zoe")
    theirs, nothing = zoe.get(f"/tasks/{task}"), zoe.get("/tasks/999999")
    assert (theirs.status_code, nothing.status_code) == (404, 404)
    assert "BUR-CH-160" not in theirs.text
    assert "DA-" not in theirs.text
