"""Client addresses: what a client writes about itself is not believed, what a trusted proxy writes is."""

import pytest
from multidict import CIMultiDict

from app.addresses import client_address, parse_networks

TRUSTED = parse_networks("10.0.0.0/8, 192.0.2.7, fd00::/8")
PEER, PROXY = ("203.0.113.5", 4711), ("10.1.2.3", 4711)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (PEER, None, "203.0.113.5"),
        (PEER, "198.51.100.1", "203.0.113.5"),
        (PEER, "10.0.0.1", "203.0.113.5"),
        (PROXY, None, "10.1.2.3"),
        (PROXY, "198.51.100.1", "198.51.100.1"),
        (PROXY, "198.51.100.1:9999", "198.51.100.1"),
        (PROXY, "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        (PROXY, "1.1.1.1, 198.51.100.1, 192.0.2.7, 10.9.9.9", "198.51.100.1"),
        (PROXY, "10.0.0.9, 10.0.0.8", "10.0.0.9"),
        (PROXY, "1.1.1.1, nonsense, 192.0.2.7", "192.0.2.7"),
        (PROXY, "nonsense", "10.1.2.3"),
        (PROXY, "", "10.1.2.3"),
        (PROXY, "unknown, _hidden", "10.1.2.3"),
        (PROXY, ", ".join(["1.1.1.1"] + ["10.0.0.1"] * 10_000), "10.0.0.1"),
        (PROXY, "::ffff:198.51.100.1", "198.51.100.1"),
        (PROXY, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (PROXY, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::"),
        (("2001:db8:1:2::9", 1, 0, 0), None, "2001:db8:1:2::"),
        (("::ffff:10.1.2.3", 1, 0, 0), "198.51.100.1", "198.51.100.1"),
        (("fe80::1%eth0", 1, 0, 2), None, "fe80::"),
        (("fd00::1", 1, 0, 0), "198.51.100.1", "198.51.100.1"),
        ("/run/pollux.sock", "198.51.100.1", ""),
        (b"", None, ""),
        (None, "198.51.100.1", ""),
        ((), None, ""),
    ],
)  # fmt: skip
def test_an_address_is_the_peers_or_what_trusted_proxies_wrote(peer: object, forwarded: str | None, address: str) -> None:
    headers = CIMultiDict({} if forwarded is None else {"X-Forwarded-For": forwarded})
    assert client_address(peer, headers, TRUSTED) == address


def test_a_line_that_a_proxy_added_counts_for_more_than_the_clients_own() -> None:
    own, added = ("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "198.51.100.1")
    assert client_address(PROXY, CIMultiDict([own, added]), TRUSTED) == "198.51.100.1"
    assert client_address(PROXY, CIMultiDict([own, own, added, ("X-Forwarded-For", "10.9.9.9")]), TRUSTED) == "198.51.100.1"


def test_without_trusted_proxies_nothing_that_is_written_counts() -> None:
    assert client_address(PROXY, CIMultiDict({"X-Forwarded-For": "198.51.100.1"}), ()) == "10.1.2.3"


@pytest.mark.parametrize("text", ["", "proxy", "10.0.0.1/8", "10.0.0.0/8,,", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|host bits"):
        parse_networks(text)
