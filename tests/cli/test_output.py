"""What commands show of values that others made."""

from profile_grpc.cli import output


def test_a_device_cannot_speak_to_the_operators_terminal() -> None:
    """It may register what moves the cursor, sets the title or forges a line."""
    shown = output.human("note=x\x1b]0;title\x07\x1b[2J\x9b31m\nstatus   DELETED\u202e")
    assert shown == r"note=x\x1b]0;title\x07\x1b[2J\x9b31m\nstatus   DELETED\u202e"
    assert output.human("Jürgen 日本 🎉") == "Jürgen 日本 🎉"
