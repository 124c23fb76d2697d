"""Which addresses a webhook may be sent to: those that anybody on the Internet could be sent to as well."""

import ipaddress

_SPECIAL_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
"""The IANA IPv4 Special-Purpose Address Registry (RFC 6890) but for what is routed, multicast, and Azure's metadata."""
_UNICAST_IPV6 = ipaddress.IPv6Network("2000::/3")
"""All that is allocated for hosts on the Internet (RFC 4291 section 2.4): no loopback, local or multicast address."""
_SPECIAL_IPV6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""What is special in there: protocol assignments, with Teredo among them, documentation, and 6to4."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: where a network has IPv6 alone, every IPv4 address is reached by one of these."""
_ISATAP, _ISATAP_MASK = 0x0000_5EFE, 0xFDFF_FFFF
"""RFC 5214 section 6.1: an interface identifier that an IPv4 address follows."""


def is_public(address: str) -> bool:
    """Returns whether an IP address is one of a host on the Internet, however it is written; False for other text.

    An IPv4 address in an IPv6 one (mapped, NAT64) counts as itself. Tunnels are never public: what comes out at their
    other end is anybody's guess. OWASP's Server-Side Request Forgery Prevention Cheat Sheet, case 2.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return _is_public_ipv4(ip)
    if ip.ipv4_mapped is not None:
        return _is_public_ipv4(ip.ipv4_mapped)
    if ip in _NAT64:
        return _is_public_ipv4(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    is_isatap = int(ip) >> 32 & _ISATAP_MASK == _ISATAP
    return ip in _UNICAST_IPV6 and not is_isatap and not any(ip in network for network in _SPECIAL_IPV6)


def _is_public_ipv4(ip: ipaddress.IPv4Address) -> bool:
    return not any(ip in network for network in _SPECIAL_IPV4)
