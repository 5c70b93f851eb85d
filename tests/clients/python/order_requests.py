"""Orders as a shop builds them with the official client's own classes."""

from multisafepay.api.paths.orders.request import OrderRequest
from multisafepay.api.paths.orders.request.components.checkout_options import CheckoutOptions
from multisafepay.api.paths.orders.request.components.payment_options import PaymentOptions
from multisafepay.api.paths.orders.request.components.plugin import Plugin
from multisafepay.api.shared.cart.cart_item import CartItem
from multisafepay.api.shared.cart.shopping_cart import ShoppingCart
from multisafepay.api.shared.customer import Customer
from multisafepay.api.shared.description import Description
from multisafepay.value_object.amount import Amount
from multisafepay.value_object.country import Country
from multisafepay.value_object.currency import Currency
from multisafepay.value_object.email_address import EmailAddress
from multisafepay.value_object.ip_address import IpAddress
from multisafepay.value_object.phone_number import PhoneNumber
from multisafepay.value_object.weight import Weight

# Numbers of the contract's test table.
VISA_COMPLETES = "4111111111111111"
VISA_CHALLENGE = "4761340000000019"
MASTERCARD_CHALLENGE = "5500000000000004"
VISA_UNCLEARED_THEN_COMPLETED = "4462000000000003"
VISA_AUTHENTICATION_FAILS = "4012001037461114"
UNKNOWN_CARD = "4242424242424242"


def card(number: str, **more) -> dict:
    """Card data as the client's users hand it over: a plain dict, with the client's name for the CVC."""
    return {
        "card_number": number,
        "card_holder_name": "Ada de Vries",
        "card_expiry_date": "3012",
        "cvc": "123",
        **more,
    }


def customer() -> Customer:
    return (
        Customer()
        .add_locale("nl_NL")
        .add_ip_address(IpAddress(ip_address="203.0.113.25"))
        .add_first_name("Ada")
        .add_last_name("de Vries")
        .add_address1("Dorpsstraat")
        .add_house_number("7b")
        .add_zip_code("1234 AB")
        .add_city("Zürich aan Zee")
        .add_country(Country(code="NL"))
        .add_phone(PhoneNumber(phone_number="0301234567"))
        .add_email(EmailAddress(email_address="ada@shop.example"))
    )


def direct_order(order_id: str, payment_options: dict, number: str = VISA_COMPLETES, **card_members):
    """A direct card order over 25.99 EUR."""
    return (
        OrderRequest()
        .add_type("direct")
        .add_gateway("CREDITCARD")
        .add_order_id(order_id)
        .add_currency(Currency(currency="EUR"))
        .add_amount(Amount(amount=2599))
        .add_description(Description(description=f"Order {order_id} / café"))
        .add_payment_options(
            PaymentOptions()
            .add_notification_url(payment_options["notification_url"])
            .add_notification_method(payment_options["notification_method"])
            .add_redirect_url(payment_options["redirect_url"])
            .add_cancel_url(payment_options["cancel_url"])
        )
        .add_customer(customer())
        .add_plugin(Plugin().add_plugin_version("1.0.0").add_shop("a shop").add_shop_version("1"))
        .add_gateway_info(card(number, **card_members))
    )


def with_cart(request: OrderRequest) -> OrderRequest:
    """Adds a cart at three rates whose total is 374.85, and the client's own tax tables for it."""
    cart = ShoppingCart().add_items(
        [
            _item("Geometric candle holders", "1111", "90", 3, 21),
            _item("Nice apple", "666666", "35", 1, 9),
            _item("Shipping", "msp-shipping", "10", 1, 0),
        ]
    )
    options = CheckoutOptions.generate_from_shopping_cart(cart)
    return (
        request.add_amount(Amount(amount=37485))
        .add_shopping_cart(cart)
        .add_checkout_options(options.add_validate_cart(True))
    )


def _item(name: str, item_id: str, unit_price: str, quantity: int, rate: int) -> CartItem:
    return (
        CartItem()
        .add_name(name)
        .add_description(f"{name}, described")
        .add_unit_price(unit_price)
        .add_quantity(quantity)
        .add_merchant_item_id(item_id)
        .add_tax_rate_percentage(rate)
        .add_weight(Weight(value=1.0, unit="kg"))
    )
