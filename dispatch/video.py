"""Addresses of video streams: which are taken, and that no password is ever among them.

They are stored with sorties and shown to everybody who may look; a stream that wants a password asks for it itself.
"""

from urllib.parse import urlsplit, urlunsplit

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "whip", "whips", "whep", "wheps")


def video_fault(url: str) -> str | None:
    """What is wrong with an address that a person has written; None if nothing is. It does not repeat the address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is none is found out when it is asked for
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme not in SCHEMES:
        return f"must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
    if parts.username is not None or parts.password is not None:
        return "holds a user name or a password: all who may look would read it; the stream must ask for it itself"
    if not host or any(char.isspace() or not char.isprintable() for char in url):
        return "is no address: scheme://host[:port]/path"
    return None


def without_credentials(url: str) -> str:
    """An address that a vehicle told, without user name and password; empty where it is none that can be shown."""
    try:
        parts = urlsplit(url)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return ""
    return bare if video_fault(bare) is None else ""
