//! Who counts as one address.

use std::net::{IpAddr, Ipv6Addr};

/// The address, or of IPv6 the network of 64 bits, which is one subscriber's.
pub(in crate::http) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_network_are_one() {
        let [one, same, other] =
            ["2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"].map(|it| it.parse().unwrap());
        assert_eq!(network(one), network(same));
        assert_ne!(network(one), network(other));
    }
}
