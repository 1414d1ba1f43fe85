package egress

import "net/netip"

// Public reports whether a is an address of the public internet: not loopback,
// private, link-local (cloud metadata lives there), shared, multicast, reserved,
// for documentation, nor any of those in IPv6 clothing.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// reserved lists what IsGlobalUnicast and IsPrivate let pass and yet is not
// public (IANA special-purpose registries), and the IPv6 ranges that carry an
// IPv4 address of the sender's choice (NAT64, 6to4, Teredo).
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{0, 0, 0, 0}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 0, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 88, 99, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, 0}), 15),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{240, 0, 0, 0}), 4),
		netip.MustParsePrefix("::/96"),
		netip.MustParsePrefix("64:ff9b::/96"),
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("3fff::/20"),
		netip.MustParsePrefix("5f00::/16"),
		netip.MustParsePrefix("fec0::/10"),
	}
}
