"""The wording of the texts, in each language that customers may choose.

Which event has which text is in inbox.py; the language is the customer's when the text is sent (service.py).

A text must fit into one message: 160 characters of the GSM alphabet. It lacks á, í, ó and ú, and a single character
outside it reduces the limit to 70, so the Spanish texts avoid them.
"""

from events.notifications import NotificationKind

DEFAULT = "en"
TEXTS: dict[str, dict[NotificationKind, str]] = {
    "en": {
        "received": "MallBots: we have received your order {order} and are checking it.",
        "approved": "MallBots: your order {order} is approved. Our robots will collect it for you.",
        "ready_for_pickup": "MallBots: your order {order} is ready. You can pick it up at the depot.",
        "cancelled": "MallBots: your order {order} was cancelled. You owe nothing, and what you paid is refunded.",
        "rejected": "MallBots: we are sorry, your order {order} could not be accepted. You pay nothing for it.",
        "completed": "MallBots: your order {order} is complete. Thank you for shopping with us!",
    },
    "es": {
        "received": "MallBots: hemos recibido su pedido {order} y lo estamos revisando.",
        "approved": "MallBots: hemos aceptado su pedido {order}. Nuestros robots lo preparan para usted.",
        "ready_for_pickup": "MallBots: su pedido {order} ya le espera en el punto de recogida.",
        "cancelled": "MallBots: se ha cancelado su pedido {order}. No debe nada, y lo que haya pagado se le devuelve.",
        "rejected": "MallBots: lo sentimos, no hemos podido aceptar su pedido {order}. No paga nada.",
        "completed": "MallBots: su pedido {order} se ha completado. ¡Gracias por su compra!",
    },
}

CODE = {
    "en": "MallBots: your code is {code}. It is valid for 5 minutes. We never ask for it: type it only at the kiosk.",
    "es": "MallBots: su clave es {code}. Caduca en 5 minutos. No la comparta: use la clave solo en el quiosco.",
}


def text(kind: NotificationKind, order_id: str, language: str) -> str:
    """The text of a kind about an order; in English when a language has no texts here yet.

    The pages show the same number (clients/pages/text/ids.ts).
    """
    return TEXTS.get(language, TEXTS[DEFAULT])[kind].format(order=order_id[:8])


def code_text(code: str, language: str) -> str:
    """The text with a one-time code; in English when a language has no texts here yet."""
    return CODE.get(language, CODE[DEFAULT]).format(code=code)
