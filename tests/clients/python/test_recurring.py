"""Stored cards by the official Python client: the scenario of the client's own end-to-end suite.

A first payment makes a token, which is then listed, shown and deleted under its reference.
"""

from order_requests import customer, direct_order

from gateway import new_order_id

REFERENCE = "shopper-456"


def test_a_token_is_made_listed_shown_and_deleted(sdk, orders, shop):
    request = direct_order(new_order_id(), shop.payment_options()).add_recurring_model("cardOnFile")
    request.add_customer(customer().add_reference(REFERENCE))
    created = orders.create(request).get_data()
    token = created.payment_details.recurring_id
    assert token, created

    recurring = sdk.get_recurring_manager()
    listed = recurring.get_list(REFERENCE).get_data()
    assert token in [it.token for it in listed], listed
    shown = recurring.get(token, REFERENCE).get_data()
    assert (shown.token, shown.code, shown.model) == (token, "VISA", "cardOnFile")
    # The client leaves the answer of a deletion to its caller.
    deleted = recurring.delete(REFERENCE, token)
    assert deleted.get_body_data() == {"removed": True}, deleted.body
