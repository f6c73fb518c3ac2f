//! Pseudorandom numbers that depend only on a seed and a name.
//!
//! Every strategy must meet the same faults, at every connection limit and in every order of arrival. The next version
//! of this program must meet them too. That rules out a generator with state and a generator from a crate that may
//! change its stream. A new kind of draw takes a new name and leaves all other draws as they are.

/// Returns the number in `0.0..1.0` for this seed and name, uniformly distributed over names.
///
/// # Source
/// splitmix64 by Sebastiano Vigna, FNV-1a 64 by Fowler, Noll and Vo. The result has the top 53 bits, which an `f64`
/// holds exactly.
pub(crate) fn uniform(seed: u64, name: &str) -> f64 {
    let bits = splitmix64(seed ^ fnv1a64(name.as_bytes()));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the FNV-1a hash of these bytes.
pub(crate) fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_give_their_published_test_values() {
        // First output of splitmix64 from state 1234567 (Rosetta Code); FNV-1a of "", "a" and "foobar" (Noll's page).
        assert_eq!(splitmix64(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
