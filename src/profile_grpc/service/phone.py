"""Phone numbers in one form: E.164 (C1)."""

from __future__ import annotations

import phonenumbers

from profile_grpc.domain.errors import invalid


def msisdn(text: str, field: str) -> str:
    """The number as E.164, such as `+442079460000`.

    Raises:
        Refused: INVALID_REQUEST: it is no number in international form that can exist. The error does not contain it.
    """
    try:
        number = phonenumbers.parse(text.strip(), None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise invalid(field, "must be a phone number in international form, with + and the country code")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
